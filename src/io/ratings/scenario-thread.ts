import { setImmediate as turn } from 'node:timers/promises';
import { SystemError, UsageError } from '../../core/errors.ts';
import { inThread } from '../../core/in-thread.ts';
import type { Movie } from './movies.ts';
import type { RatingTable } from './rating-table.ts';
import { type Scenario, type ScenarioParameters, scenarioStages } from './scenarios.ts';

/** The thread's input: columns in shared memory are not copied. */
export interface ScenarioTask {
  readonly table: RatingTable;
  readonly parameters: ScenarioParameters;
  readonly movies: ReadonlyMap<string, Movie> | undefined;
}

/** The thread's reply. */
export type ScenarioReply =
  | { readonly kind: 'stage'; readonly stage: string }
  | { readonly kind: 'scenario'; readonly scenario: Scenario }
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly code: string;
      readonly option: string | undefined;
      readonly remedy: string | undefined;
    };

/** How to make a scenario in the background. */
export interface ScenarioRun {
  readonly signal?: AbortSignal | undefined;
  /** Called with the next stage. */
  readonly onStage?: ((stage: string) => void) | undefined;
}

/**
 * Up to this many ratings, starting a thread takes longer than the stages, which take about 30 ms
 * each.
 */
const fewRatings = 200_000;

/**
 * Makes the same scenario as `makeScenario` without blocking: for many ratings in a separate
 * thread, which can be stopped at any moment and whose memory is freed when it is done; for few,
 * between turns of the event loop.
 *
 * @throws what `makeScenario` throws; the reason of `signal`; SystemError `session` when the thread
 * dies, usually for lack of memory.
 */
export async function makeScenarioBeside(
  table: RatingTable,
  parameters: ScenarioParameters,
  movies: ReadonlyMap<string, Movie> | undefined,
  run: ScenarioRun = {},
): Promise<Scenario> {
  run.signal?.throwIfAborted();
  if (table.values.length > fewRatings) return makeInThread({ table, parameters, movies }, run);
  const stages = scenarioStages(table, parameters, movies);
  for (;;) {
    const stage = stages.next();
    if (stage.done === true) return stage.value;
    run.onStage?.(stage.value);
    await turn();
    run.signal?.throwIfAborted();
  }
}

function makeInThread(task: ScenarioTask, { signal, onStage }: ScenarioRun): Promise<Scenario> {
  return inThread(new URL('./scenario-worker.js', import.meta.url), {
    ...{ name: 'scenario', task, signal, died },
    onReply: (reply: ScenarioReply) => {
      if (reply.kind === 'refused') throw refusal(reply);
      if (reply.kind === 'scenario') return reply.scenario;
      onStage?.(reply.stage);
      return undefined;
    },
  });
}

function refusal({ message, code, option, remedy }: Extract<ScenarioReply, { kind: 'refused' }>): UsageError {
  return new UsageError(message, { code, remedy, option });
}

function died(how: string, cause?: unknown): SystemError {
  return new SystemError('session', `the thread that makes scenarios died: ${how}`, {
    remedy: 'It may have had too little memory: take fewer ratings (`core`, `users`, `movies`).',
    cause,
  });
}
