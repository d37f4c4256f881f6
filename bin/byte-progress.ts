import { formatBytes } from '../src/operators/budget.ts';

/** Milliseconds between two states of the rewritten line. */
const REDRAW_AFTER = 100;
/** What is done within this many milliseconds is not worth a line in a log. */
const SILENT_FOR = 1000;

/** Shows how far a transfer is. */
export interface ByteProgress {
  show(done: number, total: number | undefined): void;
  /** Prints a lasting line. */
  say(line: string): void;
  close(): void;
}

/** A view of bytes on stderr: a line that is rewritten on a terminal; elsewhere a line for each tenth, so that logs stay short. */
export function openByteProgress(what: string, stream: NodeJS.WriteStream): ByteProgress {
  const start = Date.now();
  let drawn = 0;
  let tenth = 0;
  const clear = () => {
    if (drawn > 0) stream.write('\r\u001b[2K');
    drawn = 0;
  };
  const text = (done: number, total: number | undefined) => {
    const seconds = Math.max(0.001, (Date.now() - start) / 1000);
    const part =
      total === undefined ? '' : ` of ${formatBytes(total)} (${Math.floor((100 * done) / Math.max(1, total))} %)`;
    return `${what}: ${formatBytes(done)}${part}  ${formatBytes(Math.round(done / seconds))}/s`;
  };
  return {
    show: (done, total) => {
      if (stream.isTTY) {
        if (Date.now() - drawn < REDRAW_AFTER && done !== total) return;
        clear();
        stream.write(text(done, total).slice(0, Math.max(20, (stream.columns ?? 120) - 1)));
        drawn = Date.now();
        return;
      }
      const now = total === undefined ? Math.floor(done / 2 ** 25) : Math.floor((10 * done) / Math.max(1, total));
      if (now > tenth && Date.now() - start > SILENT_FOR) stream.write(`${text(done, total)}\n`);
      tenth = now;
    },
    say: (line) => {
      clear();
      stream.write(`${line}\n`);
    },
    close: clear,
  };
}
