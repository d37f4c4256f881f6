import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { concurrently } from '../../models/autodiff/concurrently.ts';
import { trainsInEpochs } from '../recommenders/recommender-names.ts';
import type { FitRun } from './compute-trial.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import { type ExperimentPlace, type ExperimentPoint, pointName, pointText } from './experiment-points.ts';
import type { ExperimentScenarios } from './experiment-scenarios.ts';
import type { ExperimentStore } from './experiment-store.ts';
import type { ExperimentTally, PointRunOptions } from './experiment-tally.ts';
import type { PointFiles } from './point-files.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import type { RecommenderVariant } from './recommender-variants.ts';

/** What computing the points of an experiment needs. */
export interface RunParts {
  readonly experiment: Experiment;
  readonly data: ExperimentData;
  readonly scenarios: ExperimentScenarios;
  readonly store: ExperimentStore;
  readonly files: PointFiles;
  readonly options: PointRunOptions;
  readonly tally: ExperimentTally;
}

/** A row at a place, with the options that it may have there. */
export interface Slot {
  readonly entry: ExperimentEntry;
  readonly place: ExperimentPlace;
  /** The validation part reduces them to one. */
  candidates: readonly RecommenderVariant[];
}

/**
 * Runs a task for each point: first those of recommenders that block the thread, one at a time,
 * then the others.
 */
export async function inTurns<Point extends ExperimentPoint>(
  points: readonly Point[],
  { experiment, options }: RunParts,
  run: (point: Point) => Promise<void>,
): Promise<void> {
  const hasThread = ({ variant }: ExperimentPoint) => trainsInEpochs(variant.recommender);
  const tasks = (list: readonly Point[]) =>
    list.map((point) => async () => {
      // Lets an interrupt take effect between recommenders that block the thread.
      await turn();
      if (options.signal?.aborted || options.stop?.aborted) return;
      await run(point);
    });
  await concurrently(tasks(points.filter((point) => !hasThread(point))), 1);
  await concurrently(tasks(points.filter(hasThread)), experiment.concurrency);
}

/** How a fit of a point runs: on which device, until when, and where it is reported and logged. */
export function fitRun(point: ExperimentPoint, { experiment, options, tally }: RunParts): FitRun {
  const { logDirectory, device } = experiment;
  const { onMessage } = options;
  return {
    signal: options.stop,
    device,
    logDirectory: logDirectory && join(logDirectory, pointName(point)),
    onMessage: onMessage && ((line, about) => onMessage(`${pointText(point)}: ${line}`, about)),
    onProgress: options.onProgress && tally.listener(pointText(point)),
  };
}
