import type { TextOutput } from './decoder-child.ts';

/**
 * Reads the presentation times that the `metadata=print` filter writes beside the pictures, one
 * `frame:7 pts:4800 pts_time:0.0833` line each, as whole numbers of the filter's time base. It always flows: the
 * decoder must never wait for this pipe, and can be ahead by no more lines than pictures fit into the other one.
 */
export class TickReader {
  readonly #ticks: (number | undefined)[] = [];
  #head = 0;
  #open = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: TextOutput) {
    stream.on('data', (text: string) => this.#arrived(text));
    stream.on('end', () => this.#finish());
  }

  /** The next picture's ticks: undefined when it has no time, or when no line is left. At once where the line is there. */
  next(): number | undefined | Promise<number | undefined> {
    if (this.#head < this.#ticks.length) return this.#take();
    if (this.#ended) return undefined;
    return new Promise((resolve) => {
      this.#wake = () => resolve(this.#head < this.#ticks.length ? this.#take() : undefined);
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
      const pts = /^frame:.* pts:(\S+)/.exec(line)?.[1];
      if (pts === undefined) continue;
      const ticks = Number(pts);
      this.#ticks.push(Number.isFinite(ticks) ? ticks : undefined);
    }
    if (this.#head < this.#ticks.length) this.#wakeUp();
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
