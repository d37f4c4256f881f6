import type { RunProgress } from '../src/graphs/run-progress.ts';
import { formatBytes } from '../src/operators/budget.ts';

/** How progress is shown: a line that is rewritten, one JSON object per line, or nothing. */
export type ProgressStyle = 'line' | 'ndjson' | 'none';

/** Shows a run's progress on stderr. */
export interface ProgressView<State = RunProgress> {
  show(state: State): void;
  /** Prints a lasting line, above the rewritten one. */
  say(line: string): void;
  close(): void;
}

/** A line for a terminal: videos, frames/s, speed against real time, time left, bytes held of the budget. */
export function progressLine(state: RunProgress): string {
  const seconds = Math.max(state.wallSeconds, 1e-3);
  const speed = state.mediaSeconds / seconds;
  const left = state.remainingMediaSeconds / Math.max(speed, 1e-6);
  const eta = Number.isFinite(left)
    ? `${duration(left)} for ${(state.remainingMediaSeconds / 3600).toFixed(2)} video hours`
    : 'unknown';
  return [
    `${state.done}/${state.total} videos${state.dead > 0 ? ` (${state.dead} dead)` : ''}`,
    `${(state.frames / seconds).toFixed(0)} frames/s`,
    `${speed.toFixed(1)}x real time`,
    `ETA ${eta}`,
    `held ${formatBytes(state.heldBytes)} of ${formatBytes(state.budgetBytes)}`,
  ].join('  ');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * Opens a view on `stream`. The default is a rewritten line on a terminal and NDJSON elsewhere.
 *
 * @example
 * const view = openProgress('line', process.stderr);
 */
export function openProgress(style: ProgressStyle, stream: NodeJS.WriteStream): ProgressView {
  return openProgressOf(style, stream, progressLine);
}

/** Opens a view of any kind of work; `line` makes what a terminal shows of it. */
export function openProgressOf<State extends object>(
  style: ProgressStyle,
  stream: NodeJS.WriteStream,
  line: (state: State) => string,
): ProgressView<State> {
  if (style === 'none') return { show: () => {}, say: (text) => void stream.write(`${text}\n`), close: () => {} };
  if (style === 'ndjson') {
    return {
      show: (state) => void stream.write(`${JSON.stringify({ type: 'progress', ...state })}\n`),
      say: (text) => void stream.write(`${JSON.stringify({ type: 'message', message: text })}\n`),
      close: () => {},
    };
  }
  let shown = false;
  const clear = () => {
    if (shown) stream.write('\r\u001b[2K');
    shown = false;
  };
  return {
    show: (state) => {
      clear();
      stream.write(line(state).slice(0, Math.max(20, (stream.columns ?? 120) - 1)));
      shown = true;
    },
    say: (text) => {
      clear();
      stream.write(`${text}\n`);
    },
    close: clear,
  };
}
