import { setImmediate as turn } from 'node:timers/promises';
import { concurrently } from '../../models/autodiff/concurrently.ts';
import { isNeuralRecommender } from '../recommenders/recommender-names.ts';
import { computePoint } from './compute-point.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import { type ExperimentPoint, pointText } from './experiment-points.ts';
import type { ExperimentScenarios } from './experiment-scenarios.ts';
import type { ExperimentStore } from './experiment-store.ts';
import type { PointFailure, PointMeasurements, PointResult } from './point-result.ts';

/** How a run is watched and ended. */
export interface PointRunOptions {
  /** Once aborted, no further point is begun; those under way are finished. */
  readonly signal?: AbortSignal | undefined;
  /** Once aborted, trainings under way end without a result. */
  readonly stop?: AbortSignal | undefined;
  /** Hears a line for each point, and about the data. */
  readonly onMessage?: ((line: string) => void) | undefined;
}

/** What became of the points of a run. */
export interface PointOutcomes {
  readonly results: PointResult[];
  readonly failures: PointFailure[];
  /** Points that an earlier run had computed. */
  readonly reused: number;
  readonly computed: number;
}

/**
 * Computes the points that are not there yet. Recommenders that are not neural recommenders hold
 * the thread, so they come first, one at a time; neural recommenders train in threads of their own,
 * `concurrency` of them side by side. A point that fails is recorded, and the rest continues.
 *
 * @throws when results cannot be read or written.
 */
export async function runPoints(
  points: readonly ExperimentPoint[],
  experiment: Experiment,
  data: ExperimentData,
  parts: { readonly scenarios: ExperimentScenarios; readonly store: ExperimentStore },
  options: PointRunOptions,
): Promise<PointOutcomes> {
  const { scenarios, store } = parts;
  const results: PointResult[] = [];
  const failures: PointFailure[] = [];
  const missing: ExperimentPoint[] = [];
  for (const point of points) {
    const known = await store.read(point);
    if (known === undefined) missing.push(point);
    else results.push(known);
  }
  const reused = results.length;
  let done = 0;
  const say = (point: ExperimentPoint, what: string): void => {
    done += 1;
    options.onMessage?.(`${done}/${missing.length} ${pointText(point)}: ${what}`);
  };
  const run = async (point: ExperimentPoint): Promise<void> => {
    // Lets an interrupt be heard between recommenders that hold the thread.
    await turn();
    if (options.signal?.aborted || options.stop?.aborted) return;
    let measured: PointMeasurements;
    try {
      measured = await computePoint(point, experiment, data, scenarios, options.stop);
    } catch (error) {
      if (options.stop?.aborted) return;
      const failure = await store.writeFailure(point, error);
      failures.push(failure);
      say(point, `failed: ${failure.error.message}`);
      return;
    }
    results.push(await store.write(point, measured));
    const seconds = measured.trainSeconds + measured.predictSeconds;
    say(point, `RMSE ${measured.evaluation.rmse.toFixed(4)}, ${seconds.toFixed(1)} s`);
  };
  const [networks, others] = [missing.filter(isNeural), missing.filter((point) => !isNeural(point))];
  const tasks = (list: readonly ExperimentPoint[]) => list.map((point) => () => run(point));
  await concurrently(tasks(others), 1);
  await concurrently(tasks(networks), experiment.concurrency);
  return { results, failures, reused, computed: results.length - reused };
}

function isNeural({ variant }: ExperimentPoint): boolean {
  return isNeuralRecommender(variant.model);
}
