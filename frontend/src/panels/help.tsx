import { helpIsOpen } from "../store";

export function Help() {
  return (
    <div class="help" role="dialog" aria-label="Help">
      <button type="button" onClick={() => (helpIsOpen.value = false)}>Close</button>
    </div>
  );
}
