import { openMicrograph } from "../actions";
import { currentName, rows } from "../store";

export function MicrographList() {
  return (
    <nav class="list" aria-label="Micrographs">
      {rows.value.slice(0, 100).map((row) => (
        <button type="button" key={row.name} aria-current={row.name === currentName.value} onClick={() => openMicrograph(row.name)}>
          {row.name}
        </button>
      ))}
    </nav>
  );
}
