/** How many bytes of a program's output to keep. */
const KEPT_BYTES = 4096;
const KEPT_LINES = 20;
const KEPT_LINE_LENGTH = 300;

/**
 * Keeps the end of a program's output, however much it prints: never more than 8 KiB are held.
 */
export class OutputTail {
  #kept: Buffer = Buffer.alloc(0);

  /** Adds a piece of output. */
  write(bytes: Buffer): void {
    const end = bytes.subarray(-KEPT_BYTES);
    this.#kept = Buffer.concat([this.#kept.subarray(-(KEPT_BYTES - end.length) || this.#kept.length), end]);
  }

  /**
   * The last lines: at most 20 of at most 300 characters, without control characters, which could
   * manipulate a terminal.
   */
  get lines(): string[] {
    return this.#kept
      .toString('utf8')
      .split(/[\r\n]+/)
      .map((line) => line.replace(/\p{C}/gu, ' ').trim().slice(0, KEPT_LINE_LENGTH))
      .filter((line) => line !== '')
      .slice(-KEPT_LINES);
  }
}
