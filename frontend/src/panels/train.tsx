export function TrainPanel() {
  return <h2>Train</h2>;
}
