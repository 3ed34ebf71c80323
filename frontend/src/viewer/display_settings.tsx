// How the micrograph and the marks are shown. Nothing that is measured depends on it.

import type { ComponentChildren } from "preact";

import { layers, pixelSize_angstrom, STANDARD_VIEW, view, type Layers, type View } from "../store";

interface MenuProps {
  onClose: () => void;
}

function Menu({ title, onClose, children }: MenuProps & { title: string; children: ComponentChildren }) {
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
  };
  return (
    <div class="menu" role="group" aria-label={title} onKeyDown={onKey}>
      <div class="menu-head">
        <strong>{title}</strong>
        <button type="button" class="quiet" aria-label={`Close ${title.toLowerCase()}`} onClick={onClose}>×</button>
      </div>
      {children}
    </div>
  );
}

interface SliderProps {
  label: string;
  value: number;
  text: string;
  min: number;
  max: number;
  step: number;
  onInput: (value: number) => void;
}

function Slider({ label, value, text, min, max, step, onInput }: SliderProps) {
  return (
    <label class="slider">
      <span>{label}</span>
      <output>{text}</output>
      <input
        type="range" min={min} max={max} step={step} value={value}
        aria-valuetext={text}
        onInput={(event) => onInput(Number(event.currentTarget.value))}
      />
    </label>
  );
}

function change(changes: Partial<View>): void {
  view.value = { ...view.value, ...changes };
}

/** The slider's middle is the standard: fine steps for small percentages, coarse ones beyond. */
const MOST_CUT = 25; // per cent of the pixels
const cutToSlider = (percent: number) => Math.sqrt(percent / MOST_CUT) * 100;
const sliderToCut = (value: number) => Math.round((value / 100) ** 2 * MOST_CUT * 100) / 100;

const MOST_LOWPASS_PX = 20;
const lowpassToSlider = (width_px: number) => Math.sqrt(width_px / MOST_LOWPASS_PX) * 100;
const sliderToLowpass = (value: number) => Math.round((value / 100) ** 2 * MOST_LOWPASS_PX * 10) / 10;

function describeLowpass(width_px: number): string {
  if (width_px === 0) return "off";
  const size = pixelSize_angstrom.value;
  return size === null ? `${width_px} px` : `${(width_px * size).toFixed(1)} Å`;
}

export function DisplaySettings({ onClose }: MenuProps) {
  const { black, white, lowpass_px, denoise, invert } = view.value;
  return (
    <Menu title="Contrast and filters" onClose={onClose}>
      <Slider
        label="Black" value={cutToSlider(black)} text={`darkest ${black} %`} min={0} max={100} step={1}
        onInput={(value) => change({ black: sliderToCut(value) })}
      />
      <Slider
        label="White" value={cutToSlider(100 - white)} text={`brightest ${Math.round((100 - white) * 100) / 100} %`}
        min={0} max={100} step={1}
        onInput={(value) => change({ white: 100 - sliderToCut(value) })}
      />
      <Slider
        label="Low-pass (blur)" value={lowpassToSlider(lowpass_px)} text={describeLowpass(lowpass_px)}
        min={0} max={100} step={1}
        onInput={(value) => change({ lowpass_px: sliderToLowpass(value) })}
      />
      <label class="check">
        <input type="checkbox" checked={denoise} onChange={(event) => change({ denoise: event.currentTarget.checked })} />
        Denoise
      </label>
      <label class="check">
        <input type="checkbox" checked={invert} onChange={(event) => change({ invert: event.currentTarget.checked })} />
        Invert
      </label>
      <p class="note">For your eyes only: picking and training use the original pixels.</p>
      <button type="button" onClick={() => (view.value = STANDARD_VIEW)}>Back to the standard</button>
    </Menu>
  );
}

const LAYERS: { key: keyof Layers; label: string }[] = [
  { key: "labels", label: "Labels" },
  { key: "picks", label: "Picks" },
  { key: "rejected", label: "Picks left out, with the reason" },
  { key: "below", label: "Candidates below the threshold" },
];

export function LayerSettings({ onClose }: MenuProps) {
  return (
    <Menu title="Marks" onClose={onClose}>
      {LAYERS.map(({ key, label }) => (
        <label class="check" key={key}>
          <input
            type="checkbox"
            checked={layers.value[key]}
            onChange={(event) => (layers.value = { ...layers.value, [key]: event.currentTarget.checked })}
          />
          {label}
        </label>
      ))}
      <p class="note">Press h to hide and show all marks.</p>
    </Menu>
  );
}
