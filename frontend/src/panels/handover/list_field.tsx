import type { JSX } from "preact";

import { kept } from "../../settings";
import { sayProblem } from "../../toasts";
import { uploadTogether } from "../../uploads";
import { chooseList } from "./format_choice";

/** Path of RELION's list of micrographs or cryoSPARC's exposures, in the project's folder. */
export const micrographList = kept("export-micrograph-list", "");

/** Sends a list into the project's folder, and puts its path into the field. */
async function send(field: HTMLInputElement): Promise<void> {
  try {
    micrographList.value = chooseList(await uploadTogether(field.files ?? [])) ?? micrographList.value;
  } catch (problem) {
    sayProblem(problem);
  } finally {
    field.value = "";
  }
}

/** Which list names the micrographs: one in the project's folder, or one of this computer. */
export function ListField(): JSX.Element {
  return (
    <>
      <label class="field">
        <span>List of micrographs, to name them as RELION or cryoSPARC does: a file in the project's folder</span>
        <input
          type="text"
          aria-label="List of micrographs"
          placeholder="CtfFind/job003/micrographs_ctf.star"
          value={micrographList.value}
          onInput={(event) => (micrographList.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>or one from this computer; of cryoSPARC, all files of the exposures together</span>
        <input
          type="file"
          multiple
          accept=".star,.cs,.csg"
          aria-label="List of micrographs from this computer"
          onChange={(event) => void send(event.currentTarget)}
        />
      </label>
    </>
  );
}
