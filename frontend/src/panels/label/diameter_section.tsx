// The particle's diameter and the size of a pixel: everything else follows from them.

import { useEffect, useState } from "preact/hooks";

import { changeProject } from "../../actions";
import { ApiError } from "../../http";
import { diameter_px, pixelSize_angstrom, project, tool } from "../../store";

/** Up to two decimals, and no needless zeros. */
const asText = (value: number | null) => (value === null ? "" : String(Math.round(value * 100) / 100));

interface NumberFieldProps {
  label: string;
  unit: string;
  value: number | null;
  onSave: (value: number | null) => Promise<void>;
  canBeEmpty?: boolean;
  placeholder?: string;
}

/** Saved on Enter and when the field is left; what the server refuses stays, with the reason. */
function NumberField({ label, unit, value, onSave, canBeEmpty, placeholder }: NumberFieldProps) {
  const [text, setText] = useState(asText(value));
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => setText(asText(value)), [value]);

  async function save(): Promise<void> {
    setProblem(null);
    if (text.trim() === asText(value)) return;
    const number = text.trim() === "" ? null : Number(text.replace(",", "."));
    if (number === null ? !canBeEmpty : !(number > 0)) {
      setProblem(`Type a number above 0 (in ${unit}).`);
      return;
    }
    try {
      await onSave(number);
    } catch (refusal) {
      setProblem(refusal instanceof ApiError ? refusal.message : String(refusal));
    }
  }

  return (
    <label class="field">
      <span>{label}</span>
      <span class="with-unit">
        <input
          type="text"
          inputMode="decimal"
          value={text}
          placeholder={placeholder}
          aria-invalid={problem !== null}
          onInput={(event) => setText(event.currentTarget.value)}
          onBlur={() => void save()}
          onKeyDown={(event) => {
            // Leaving the field saves it, and gives the keys of the tools back.
            if (event.key === "Escape") setText(asText(value));
            if (event.key === "Enter") event.currentTarget.blur();
          }}
        />
        <span aria-hidden="true">{unit}</span>
      </span>
      {problem !== null && <span class="problem-text" role="alert">{problem}</span>}
    </label>
  );
}

export function DiameterSection() {
  const known = project.value;
  if (!known) return null;
  const size = pixelSize_angstrom.value;
  const inAngstrom = size !== null;
  const shown_px = diameter_px.value;
  const shown = inAngstrom && shown_px !== null ? shown_px * size : shown_px;
  return (
    <section aria-label="Particle size">
      <h3>Particle size</h3>
      <div class="fields">
        <NumberField
          label={`Diameter (${inAngstrom ? "Å" : "px"})`}
          unit={inAngstrom ? "Å" : "px"}
          value={shown}
          onSave={(value) => changeProject(inAngstrom ? { diameter_angstrom: value } : { diameter_px: value })}
        />
        <NumberField
          label="Pixel size (Å)"
          unit="Å"
          value={size}
          canBeEmpty
          placeholder="unknown"
          onSave={(value) => changeProject({ pixel_size_angstrom: value })}
        />
      </div>
      <div class="measure">
        <button type="button" aria-pressed={tool.value === "ruler"} onClick={() => (tool.value = "ruler")}>
          Measure
        </button>
        <p class="note">
          {shown_px !== null && `Circles are ${Math.round(shown_px)} px wide. `}
          {size === null && "The files do not say how large a pixel is."}
          {size !== null && known.pixel_size_angstrom !== null &&
            "The pixel size is yours: empty the field to believe the files again."}
        </p>
      </div>
    </section>
  );
}
