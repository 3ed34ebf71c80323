// A part of the page that breaks says so, and leaves the rest alive.

import { Component, type ComponentChildren } from "preact";

interface Props {
  children: ComponentChildren;
}

export class Boundary extends Component<Props, { problem: Error | null }> {
  override state = { problem: null };

  static getDerivedStateFromError(problem: Error) {
    return { problem };
  }

  override componentDidCatch(problem: unknown): void {
    console.error(problem);
  }

  render() {
    const { problem } = this.state as { problem: Error | null };
    if (problem === null) return this.props.children;
    return (
      <div class="card" role="alert">
        <h3>This part of the page has failed</h3>
        <p>
          Your labels are safe. Reload the page to go on; if it happens again, please report this text: {problem.message}
        </p>
        <div class="buttons">
          <button type="button" onClick={() => this.setState({ problem: null })}>Try again</button>
        </div>
      </div>
    );
  }
}
