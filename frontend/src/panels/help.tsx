import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { helpIsOpen, project } from "../store";
import { openGuide } from "./help/guide";
import { keyGroups } from "./help/keys";
import "./help/help.css";

/** The sheet of keys, and the way back to the first steps. */
export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => (helpIsOpen.value = false);

  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label="Help"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <header class="section-head">
        <h2>Keys and pointer</h2>
        <button type="button" class="quiet" aria-label="Close help" onClick={close}>
          ×
        </button>
      </header>
      <div class="key-groups">
        {keyGroups.map((group) => (
          <section key={group.title} aria-label={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(({ keys, what }) => (
                <div key={what}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <footer class="help-foot">
        <button
          type="button"
          onClick={() => {
            close();
            openGuide();
          }}
        >
          Show the first steps again
        </button>
        <span class="note">
          DeepEM {project.value?.version}. Everything is kept in the folder DeepEM beside the micrographs; jobs go on
          when this page is closed.
        </span>
      </footer>
    </dialog>
  );
}
