import { toasts } from "./store";
import { dismiss } from "./toasts";

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {toasts.value.map(({ id, kind, text }) => (
        <div class={`toast toast-${kind}`} key={id} role={kind === "error" ? "alert" : "status"}>
          <span>{text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(id)}>×</button>
        </div>
      ))}
    </div>
  );
}
