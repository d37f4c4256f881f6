import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SystemError, UsageError } from '../../core/errors.ts';
import type { Movie } from './movies.ts';
import type { RatingTable } from './rating-table.ts';
import { type Scenario, type ScenarioParameters, scenarioStages } from './scenarios.ts';

/** What the thread is given: columns in shared memory are not copied. */
export interface ScenarioTask {
  readonly table: RatingTable;
  readonly parameters: ScenarioParameters;
  readonly movies: ReadonlyMap<string, Movie> | undefined;
}

/** What it says. */
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

/** How a scenario is made beside other work. */
export interface ScenarioRun {
  readonly signal?: AbortSignal | undefined;
  /** Told what is done next. */
  readonly onStage?: ((stage: string) => void) | undefined;
}

/** Ratings up to which a thread takes longer to start than the stages take: 30 ms each, about. */
const fewRatings = 200_000;

/**
 * Makes the same scenario as `makeScenario` without standing in the way: of many ratings in a
 * thread of its own, which can be stopped at any moment and whose memory is free when it is done;
 * of few between turns of the event loop.
 *
 * @throws what `makeScenario` throws; the reason of `signal`; SystemError `session` when the thread
 * dies, mostly for want of memory.
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

async function makeInThread(task: ScenarioTask, { signal, onStage }: ScenarioRun): Promise<Scenario> {
  const worker = new Worker(new URL('./scenario-worker.js', import.meta.url), {
    workerData: task,
    name: 'scenario',
    execArgv: [],
  });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop);
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (reply: ScenarioReply) => {
        if (reply.kind === 'stage') onStage?.(reply.stage);
        else if (reply.kind === 'scenario') resolve(reply.scenario);
        else reject(refusal(reply));
      });
      worker.once('error', (cause) => reject(died(cause.message, cause)));
      worker.once('exit', (code) => reject(signal?.aborted ? signal.reason : died(`exit code ${code}`)));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
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
