export function ReviewPanel() {
  return <h2>Review</h2>;
}
