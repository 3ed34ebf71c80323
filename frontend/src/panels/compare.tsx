export function ComparePanel() {
  return <h2>Compare</h2>;
}
