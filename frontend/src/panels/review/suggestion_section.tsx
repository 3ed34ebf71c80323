import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { goTo } from "../../actions";
import { getSuggestions } from "../../api";
import { currentName, currentPicksId, regions, rowsByName } from "../../store";
import { sayProblem } from "../../toasts";
import type { Suggestion } from "../../types";

const nSuggestions = 10;

/** Micrographs whose correction would teach the next network most. */
export function SuggestionSection(): JSX.Element {
  const found = useSignal<Suggestion[] | null>(null);
  const id = currentPicksId.value;

  function ask(signal?: AbortSignal): void {
    if (id === null) return;
    getSuggestions(id, nSuggestions, signal).then((answer) => (found.value = answer), sayProblem);
  }
  useEffect(() => {
    const controller = new AbortController();
    found.value = null;
    ask(controller.signal);
    return () => controller.abort();
  }, [id]);

  return (
    <section aria-labelledby="suggestion-title">
      <header class="section-head">
        <h3 id="suggestion-title">Next most useful</h3>
        <button type="button" class="link" onClick={() => ask()}>
          Refresh
        </button>
      </header>
      {found.value === null && <p class="note">Looking for them …</p>}
      {found.value?.length === 0 && <p class="note">None: all micrographs with picks are complete.</p>}
      <ol class="suggestions">
        {found.value?.map((suggestion) => (
          <li key={suggestion.name}>
            <button
              type="button"
              aria-current={suggestion.name === currentName.value}
              onClick={() => visit(suggestion)}
            >
              <strong>{suggestion.name}</strong>
              {rowsByName.value.get(suggestion.name)?.complete && <span> (complete)</span>}
              <span class="reasons">{suggestion.reasons.join("; ")}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Goes to the micrograph, frames the places worth a look, and moves to the first of them. */
function visit({ name, regions: places }: Suggestion): void {
  const first = places[0];
  if (first === undefined) return goTo(name, 0, 0);
  goTo(name, first.x_px + first.width_px / 2, first.y_px + first.height_px / 2);
  regions.value = places;
}
