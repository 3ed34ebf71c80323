export function HandOverPanel() {
  return <h2>Hand over</h2>;
}
