export function Viewer() {
  return <section class="viewer" aria-label="Micrograph" />;
}
