import type { Flow } from '../operators/flow.ts';
import type { OperatorMetrics } from '../operators/operator-meter.ts';
import type { Bytes } from '../operators/payload.ts';
import type { Plan } from './plan.ts';
import type { RunTally } from './run-tally.ts';
import type { Fleet, FleetState } from './runners/queue/fleet.ts';

/** The progress of an extraction. */
export interface RunProgress {
  /** Items finished in any way, and the total. */
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
  /** What each operator has done so far, in this process. */
  readonly operators?: readonly OperatorMetrics[] | undefined;
  /** For a run done by the workers of a queue: their state, as they report it. */
  readonly fleet?: FleetState | undefined;
}

/** Frames that the video decoders have produced. */
export function framesDecoded(operators: readonly OperatorMetrics[], { nodes }: Plan): number {
  const pictures = nodes.filter(({ dtype }) => dtype === 'uint8').map(({ id }) => id);
  return operators.reduce((sum, { name, out }) => (pictures.includes(name) ? sum + out : sum), 0);
}

/** The progress of a run, from its counts. */
export function progressOf(tally: RunTally, flow: Flow, plan: Plan, wallSeconds: number): RunProgress {
  const metrics = flow.metrics();
  return {
    done: tally.done,
    total: tally.total,
    dead: tally.dead.length,
    frames: framesDecoded(metrics.operators, plan),
    mediaSeconds: tally.mediaSeconds,
    remainingMediaSeconds: tally.remainingSeconds,
    wallSeconds,
    heldBytes: metrics.held,
    budgetBytes: plan.memory.budget,
    operators: metrics.operators,
  };
}

/** The progress of a run that is done by the workers of a queue. */
export function fleetProgress(
  fleet: Fleet,
  { total, plan, wallSeconds }: { readonly total: number; readonly plan: Plan; readonly wallSeconds: number },
): RunProgress {
  const done = Math.min(total, fleet.before + fleet.done);
  const perItem = fleet.done === 0 ? Number.NaN : fleet.seconds / fleet.done;
  return {
    ...{ done, total, dead: fleet.dead, frames: fleet.frames, mediaSeconds: fleet.seconds, wallSeconds },
    remainingMediaSeconds: done === total ? 0 : (total - done) * perItem,
    heldBytes: 0,
    budgetBytes: plan.memory.budget,
    fleet: fleet.state,
  };
}
