import type { TextOutput } from './decoder-child.ts';

/**
 * Reads the presentation times that the `metadata=print` filter writes alongside the frames, one
 * `frame:7 pts:4800 pts_time:0.0833` line each, as whole numbers of the filter's time base. It is
 * always drained: the decoder must never wait for this pipe, and can be ahead by no more lines than
 * the other pipe holds frames.
 */
export class TickReader {
  readonly #ticks: (number | undefined)[] = [];
  #head = 0;
  #open = '';
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onLine: ((frame: number, ticks: number | undefined) => void) | undefined;

  /**
   * @param onLine - called with every line as it arrives, the frame's number and its ticks; none is
   * then kept for `next`.
   */
  constructor(stream: TextOutput, onLine?: (frame: number, ticks: number | undefined) => void) {
    this.#onLine = onLine;
    stream.on('data', (text: string) => this.#arrived(text));
    stream.on('end', () => this.#finish());
  }

  /**
   * The next frame's ticks; undefined if it has no time or no line is left. Synchronous if the line
   * is already there.
   */
  next(): number | undefined | Promise<number | undefined> {
    if (this.#head < this.#ticks.length) return this.#take();
    if (this.#ended) return undefined;
    return new Promise((resolve) => {
      this.#wake = () => resolve(this.#head < this.#ticks.length ? this.#take() : undefined);
    });
  }

  /** Waits until more lines have arrived. @returns false at once if no more will come. */
  more(): boolean | Promise<boolean> {
    if (this.#ended) return false;
    return new Promise((resolve) => {
      this.#wake = () => resolve(true);
    });
  }

  #take(): number | undefined {
    const ticks = this.#ticks[this.#head];
    this.#head += 1;
    if (this.#head === this.#ticks.length) {
      this.#ticks.length = 0;
      this.#head = 0;
    }
    return ticks;
  }

  #arrived(text: string): void {
    const lines = (this.#open + text).split('\n');
    this.#open = lines.pop() ?? '';
    for (const line of lines) {
      const [, frame, pts] = /^frame:(\d+).* pts:(\S+)/.exec(line) ?? [];
      if (pts === undefined) continue;
      const number = Number(pts);
      const ticks = Number.isFinite(number) ? number : undefined;
      if (this.#onLine) this.#onLine(Number(frame), ticks);
      else this.#ticks.push(ticks);
    }
    if (this.#onLine || this.#head < this.#ticks.length) this.#wakeUp();
  }

  #finish(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
