export function LabelPanel() {
  return <h2>Label</h2>;
}
