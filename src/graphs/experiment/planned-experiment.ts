import { checkKnownOptions } from '../../core/known-options.ts';
import type { ExperimentCost } from './announce.ts';
import type { Experiment, ExperimentConfig } from './experiment-config.ts';
import { countPoints } from './experiment-store.ts';
import { beginExperiment, type RunExperimentOptions } from './run-experiment.ts';

/** What `runExperiment` would do. */
export interface PlannedExperiment {
  readonly directory: string;
  readonly configuration: Experiment;
  /** All points, and those that already exist. */
  readonly points: { readonly total: number; readonly reused: number };
  /** The cost of all points. */
  readonly cost: ExperimentCost;
  readonly warnings: readonly string[];
}

/**
 * Reports what `runExperiment` would do with the same configuration, after every check that it
 * makes before it computes: reads the data and makes the first scenario. Writes nothing.
 *
 * @throws as `runExperiment`.
 * @example
 * const { points } = await plannedExperiment({ ratings: 'ml-latest-small' }, { out: 'results' });
 */
export async function plannedExperiment(
  config: ExperimentConfig,
  options: Pick<RunExperimentOptions, 'out' | 'stop' | 'onMessage'>,
): Promise<PlannedExperiment> {
  checkKnownOptions('plannedExperiment', options, { out: true, stop: true, onMessage: true });
  const { experiment, data, hashes, cost, warnings, total } = await beginExperiment(config, options);
  try {
    const reused = await countPoints(options.out, experiment, hashes);
    return { directory: options.out, configuration: experiment, points: { total, reused }, cost, warnings };
  } finally {
    await data.close();
  }
}
