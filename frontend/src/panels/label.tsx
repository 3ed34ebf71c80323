// The first step: the particle's size, some clicks, and what to do then.

import { DiameterSection } from "./label/diameter_section";
import { ExportSection, ImportSection } from "./label/file_section";
import { MicrographSection } from "./label/micrograph_section";
import { NextStep } from "./label/next_step";
import "./label/label.css";

export function LabelPanel() {
  return (
    <div class="steps">
      <NextStep />
      <DiameterSection />
      <MicrographSection />
      <ImportSection />
      <ExportSection />
    </div>
  );
}
