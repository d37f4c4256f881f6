import { FlowError } from './errors.ts';

interface Waiting {
  readonly bytes: number | 'alone';
  enter(): void;
}

/**
 * Lets work begin when there is room for what it needs: concurrently while it fits together, or
 * alone when nothing else is running. First come, first served.
 *
 * @example
 * const gate = new Gate(1024 ** 3);
 * const leave = await gate.enter(150 * 2 ** 20, signal);
 * try {
 *   // work that takes 150 MiB
 * } finally {
 *   leave();
 * }
 */
export class Gate {
  readonly #room: number;
  readonly #waiting: Waiting[] = [];
  #used = 0;
  #inside = 0;
  #isAlone = false;

  /** @param room - bytes that may be taken together. */
  constructor(room: number) {
    this.#room = room;
  }

  /**
   * Waits for its turn.
   *
   * @param bytes - how much it takes, at most the whole room; `alone` to run with nothing else.
   * @returns a function that gives the room back; call it once.
   * @throws FlowError `aborted`.
   */
  async enter(bytes: number | 'alone', signal: AbortSignal): Promise<() => void> {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new FlowError('aborted', 'the run was stopped', { cause: signal.reason }));
        this.#admit();
      };
      const waiting: Waiting = {
        bytes,
        enter: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#waiting.push(waiting);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#admit();
    });
    return () => {
      this.#inside -= 1;
      if (bytes === 'alone') this.#isAlone = false;
      else this.#used -= bytes;
      this.#admit();
    };
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { bytes } = next;
      const fits = bytes === 'alone' ? this.#inside === 0 : !this.#isAlone && this.#used + bytes <= this.#room;
      if (!fits) return;
      this.#waiting.shift();
      this.#inside += 1;
      if (bytes === 'alone') this.#isAlone = true;
      else this.#used += bytes;
      next.enter();
    }
  }
}
