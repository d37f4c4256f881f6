import { duration } from '../src/graphs/explain.ts';
import type { RunProgress } from '../src/graphs/run-progress.ts';
import type { FleetState } from '../src/graphs/runners/queue/fleet.ts';
import { formatBytes } from '../src/operators/budget.ts';

/**
 * A line for a terminal: videos, frames/s, speed relative to real time, time left, and the bytes
 * held out of the budget.
 */
export function progressLine(state: RunProgress): string {
  const seconds = Math.max(state.wallSeconds, 1e-3);
  const speed = state.mediaSeconds / seconds;
  // Until something is done, nobody knows how long the rest will take.
  const left = speed > 0 ? state.remainingMediaSeconds / speed : Number.NaN;
  const eta = Number.isFinite(left)
    ? `${duration(left)} for ${(state.remainingMediaSeconds / 3600).toFixed(2)} video hours`
    : 'unknown';
  return [
    `${state.done}/${state.total} videos${state.dead > 0 ? ` (${state.dead} dead)` : ''}`,
    `${(state.frames / seconds).toFixed(0)} frames/s`,
    `${speed.toFixed(1)}x real time`,
    `ETA ${eta}`,
    state.fleet === undefined
      ? `held ${formatBytes(state.heldBytes)} of ${formatBytes(state.budgetBytes)}`
      : fleetText(state.fleet),
  ].join('  ');
}

/** The state of a queue's workers. */
export function fleetText({ workers, active, waiting, bottleneck }: FleetState): string {
  const limit = bottleneck === undefined ? '' : `, ${bottleneck} is the bottleneck`;
  return `${workers} workers have ${active}, ${waiting} are queued${limit}`;
}
