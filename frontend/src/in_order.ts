// Requests about one thing, sent one at a time in the order in which they were asked for.

/**
 * Whatever comes back late, an older answer never takes the place of a newer one. While others
 * wait, an answer is not shown: the newer ones would only change it again.
 */
export class InOrder<Answer> {
  private last: Promise<unknown> = Promise.resolve();
  private n_waiting = 0;
  private newest: { answer: Answer } | null = null;

  constructor(private readonly show: (answer: Answer) => void) {}

  /** Fails as the request does; those that wait behind it are sent all the same. */
  ask(send: () => Promise<Answer>): Promise<void> {
    this.n_waiting++;
    const mine = this.last.then(() => this.run(send));
    this.last = mine.catch(() => undefined); // whoever asked is told
    return mine;
  }

  private async run(send: () => Promise<Answer>): Promise<void> {
    try {
      this.newest = { answer: await send() };
    } finally {
      this.n_waiting--;
      if (this.n_waiting === 0 && this.newest !== null) {
        this.show(this.newest.answer);
        this.newest = null;
      }
    }
  }
}
