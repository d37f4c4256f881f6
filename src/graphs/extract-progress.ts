import type { Flow } from '../operators/flow.ts';
import type { Bytes } from '../operators/payload.ts';
import { OPERATORS } from './extraction-nodes.ts';
import type { Plan } from './plan.ts';
import type { RunTally } from './run-tally.ts';

/** How far an extraction is. */
export interface ExtractProgress {
  /** Items finished in any way, and how many there are. */
  readonly done: number;
  readonly total: number;
  readonly dead: number;
  /** Frames decoded so far. */
  readonly frames: number;
  /** Seconds of media processed so far. */
  readonly mediaSeconds: number;
  /** Seconds of media still to do; NaN while unknown. */
  readonly remainingMediaSeconds: number;
  readonly wallSeconds: number;
  readonly heldBytes: Bytes;
  readonly budgetBytes: Bytes;
}

/** How far a run is, by what it has counted. */
export function progressOf(tally: RunTally, flow: Flow, plan: Plan, wallSeconds: number): ExtractProgress {
  const metrics = flow.metrics();
  const decode = metrics.operators.find((operator) => operator.name === OPERATORS.decodeVideo);
  return {
    done: tally.done,
    total: tally.total,
    dead: tally.dead.length,
    frames: decode?.out ?? 0,
    mediaSeconds: tally.mediaSeconds,
    remainingMediaSeconds: tally.remainingSeconds,
    wallSeconds,
    heldBytes: metrics.held,
    budgetBytes: plan.memory.budget,
  };
}
