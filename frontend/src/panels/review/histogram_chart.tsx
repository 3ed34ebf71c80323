import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import type { Histogram } from "../../types";
import {
  axisTicks,
  barHeights,
  fractionOfValue,
  rangeOf,
  valueAtFraction,
  type CountScale,
} from "./histogram_scale";

export interface Handle {
  /** What moves with it, for tests and tooltips. */
  label: string;
  value: number;
}

interface HistogramChartProps {
  label: string;
  histogram: Histogram | null;
  scale: CountScale;
  handles: Handle[];
  /** Whether values like this one are kept. */
  isKept: (value: number) => boolean;
  colourOf?: (value: number) => string;
  onMove: (handle: number, value: number) => void;
}

const chartHeight = 72;
const keptColour = "#56b4e9";

/**
 * Bars of a histogram with lines that can be dragged. The same values can be set with the sliders below it, so the
 * picture itself takes no keyboard.
 */
export function HistogramChart(props: HistogramChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const dragged = useRef<number | null>(null);
  const { histogram, handles } = props;
  const [low, high] = rangeOf(histogram);
  const heights = barHeights(histogram?.counts ?? [], props.scale);
  const ticks = axisTicks(low, high, 5);

  function valueAt(event: PointerEvent): number {
    const box = frame.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return low;
    return valueAtFraction((event.clientX - box.left) / box.width, low, high);
  }

  function startDragging(event: PointerEvent): void {
    if (event.button !== 0 || handles.length === 0) return;
    const value = valueAt(event);
    const distances = handles.map((handle) => Math.abs(handle.value - value));
    dragged.current = distances.indexOf(Math.min(...distances));
    frame.current?.setPointerCapture(event.pointerId);
    props.onMove(dragged.current, value);
    event.preventDefault();
  }

  function drag(event: PointerEvent): void {
    if (dragged.current !== null) props.onMove(dragged.current, valueAt(event));
  }

  function stopDragging(): void {
    dragged.current = null;
  }

  return (
    <div class="histogram">
      <div
        ref={frame}
        class="histogram-frame"
        onPointerDown={startDragging}
        onPointerMove={drag}
        onPointerUp={stopDragging}
        onPointerCancel={stopDragging}
      >
        <svg
          role="img"
          aria-label={props.label}
          width="100%"
          height={chartHeight}
          viewBox={`0 0 100 ${chartHeight}`}
          preserveAspectRatio="none"
        >
          {heights.map((height, index) => {
            const left = histogram?.edges[index] ?? 0;
            const right = histogram?.edges[index + 1] ?? left;
            const middle = (left + right) / 2;
            const x = fractionOfValue(left, low, high) * 100;
            const width = fractionOfValue(right, low, high) * 100 - x;
            const kept = props.isKept(middle);
            return (
              <rect
                key={index}
                class={kept ? "histogram-bar" : "histogram-bar is-rejected"}
                x={x}
                width={Math.max(0, width * 0.92)}
                y={chartHeight * (1 - height)}
                height={chartHeight * height}
                fill={kept ? (props.colourOf?.(middle) ?? keptColour) : undefined}
              />
            );
          })}
        </svg>
        {handles.map((handle) => (
          <div
            key={handle.label}
            class="histogram-handle"
            title={`${handle.label}: drag`}
            style={{ left: `${fractionOfValue(handle.value, low, high) * 100}%` }}
          />
        ))}
      </div>
      <div class="histogram-axis" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${fractionOfValue(tick, low, high) * 100}%` }}>
            {tick}
          </span>
        ))}
      </div>
    </div>
  );
}
