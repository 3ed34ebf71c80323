import type { JSX, TargetedEvent } from "preact";

interface ValueSliderProps {
  label: string;
  value: number;
  low: number;
  high: number;
  step: number;
  onInput: (value: number) => void;
}

/** A slider and a number for one value: what a drawn line shows, for the keyboard and for exact values. */
export function ValueSlider(props: ValueSliderProps): JSX.Element {
  const digits = Math.max(0, -Math.floor(Math.log10(props.step) + 1e-9));
  const shown = Number(props.value.toFixed(Math.min(digits, 8)));

  function take(event: TargetedEvent<HTMLInputElement>): void {
    const value = event.currentTarget.valueAsNumber;
    if (Number.isFinite(value)) props.onInput(value);
  }

  return (
    <label class="value-slider">
      <span class="value-slider-label">{props.label}</span>
      <input
        type="range"
        aria-label={props.label}
        min={props.low}
        max={props.high}
        step={props.step}
        value={shown}
        onInput={take}
      />
      <input
        type="number"
        aria-label={`${props.label} (number)`}
        step={props.step}
        value={shown}
        onInput={take}
      />
    </label>
  );
}
