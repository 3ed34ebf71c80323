// Asks the server no more often than needed, and shows only the answer to the latest question.

export interface LatestAnswerOptions<Question, Answer> {
  ask: (question: Question, signal: AbortSignal) => Promise<Answer>;
  show: (answer: Answer, question: Question) => void;
  fail?: (error: unknown) => void;
  /** How long the question must stand before it is asked, in ms. */
  wait_ms?: number;
  /** Timers, so that tests need not wait. */
  timers?: Timers;
}

export interface Timers {
  start: (action: () => void, wait_ms: number) => unknown;
  stop: (handle: unknown) => void;
}

const browserTimers: Timers = {
  start: (action, wait_ms) => setTimeout(action, wait_ms),
  stop: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/**
 * A slider asks often. The question is sent when the slider has rested for `wait_ms`; an answer is shown only if
 * nothing was asked since, and a request that is no longer wanted is given up.
 */
export class LatestAnswer<Question, Answer> {
  private readonly options: LatestAnswerOptions<Question, Answer>;
  private readonly timers: Timers;
  private timer: unknown = null;
  private current: AbortController | null = null;
  private serial = 0;

  constructor(options: LatestAnswerOptions<Question, Answer>) {
    this.options = options;
    this.timers = options.timers ?? browserTimers;
  }

  /** Asks, once nothing else was asked for `wait_ms`. */
  request(question: Question): void {
    this.forget();
    this.timer = this.timers.start(() => {
      this.timer = null;
      void this.send(question);
    }, this.options.wait_ms ?? 60);
  }

  /** Asks at once. */
  async requestNow(question: Question): Promise<void> {
    this.forget();
    await this.send(question);
  }

  /** Nothing that was asked is wanted any more. */
  forget(): void {
    this.serial += 1;
    if (this.timer !== null) this.timers.stop(this.timer);
    this.timer = null;
    this.current?.abort();
    this.current = null;
  }

  private async send(question: Question): Promise<void> {
    const serial = this.serial;
    const controller = new AbortController();
    this.current = controller;
    try {
      const answer = await this.options.ask(question, controller.signal);
      if (serial === this.serial) this.options.show(answer, question);
    } catch (error) {
      if (serial === this.serial) this.options.fail?.(error);
    } finally {
      if (this.current === controller) this.current = null;
    }
  }
}
