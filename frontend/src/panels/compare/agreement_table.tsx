import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { openMicrograph } from "../../actions";
import { formatCount } from "../../numbers";
import { currentName } from "../../store";
import { agreement } from "./agreement";
import { agreementOf, fractionText, worstFirst } from "./agreement_text";

const rowsAtOnce = 50;

/** Micrographs by how well both sides agree, the worst first. */
export function AgreementTable(): JSX.Element | null {
  const n_shown = useSignal(rowsAtOnce);
  const found = agreement.value;
  if (found === null || found.per_micrograph.length === 0) return null;
  const sorted = worstFirst(found.per_micrograph);
  return (
    <section aria-labelledby="agreement-table-title">
      <h3 id="agreement-table-title">Micrographs, least agreement first</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">Micrograph</th>
            <th scope="col">Only A</th>
            <th scope="col">Both</th>
            <th scope="col">Only B</th>
            <th scope="col">Agree</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, n_shown.value).map((row) => (
            <tr key={row.name} class={row.name === currentName.value ? "is-shown" : undefined}>
              <td>
                <button
                  type="button"
                  class="link micrograph-link"
                  aria-current={row.name === currentName.value}
                  title={row.name}
                  onClick={() => openMicrograph(row.name)}
                >
                  {row.name}
                </button>
              </td>
              <td>{formatCount(row.n_a - row.n_both)}</td>
              <td>{formatCount(row.n_both)}</td>
              <td>{formatCount(row.n_b - row.n_both)}</td>
              <td>{fractionText(agreementOf(row))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > n_shown.value && (
        <button type="button" class="link" onClick={() => (n_shown.value += 200)}>
          Show more of {formatCount(sorted.length)}
        </button>
      )}
    </section>
  );
}
