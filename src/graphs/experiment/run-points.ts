import { UsageError } from '../../core/errors.ts';
import { computePoint } from './compute-point.ts';
import type { Experiment } from './experiment-config.ts';
import { type ExperimentPlace, type ExperimentPoint, experimentPlaces, pointText } from './experiment-points.ts';
import { ExperimentTally, failureText } from './experiment-tally.ts';
import { foldData } from './fold-data.ts';
import type { PointFailure, PointMeasurements, PointResult } from './point-result.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { fitRun, inTurns, type RunParts, type Slot } from './run-parts.ts';
import { runTrials, type TrialCounts } from './run-trials.ts';

/** The outcomes of the points of a run. */
export interface PointOutcomes {
  readonly results: PointResult[];
  readonly failures: PointFailure[];
  /** Points that an earlier run had computed. */
  readonly reused: number;
  readonly computed: number;
  readonly trials: TrialCounts;
}

/**
 * Chooses the options of rows that are selected by the validation part, then computes the missing
 * points. Recommenders that are not neural block the thread, so they come first, one at a time;
 * neural recommenders train in their own threads, `concurrency` of them side by side. A point that
 * fails is recorded, and the rest continue.
 *
 * @throws when results cannot be read or written.
 */
export async function runPoints(
  entries: readonly ExperimentEntry[],
  parts: Omit<RunParts, 'tally'>,
): Promise<PointOutcomes> {
  const { experiment, store, files, options } = parts;
  const slots = experimentPlaces(experiment).flatMap((place) =>
    entries.map((entry): Slot => ({ entry, place, candidates: entry.candidates })),
  );
  const tally = new ExperimentTally(options);
  const trials = await runTrials(slots, { ...parts, tally });
  const results: PointResult[] = [];
  const failures: PointFailure[] = [];
  const missing: ExperimentPoint[] = [];
  for (const slot of slots) {
    const [variant, ...others] = slot.candidates;
    if (others.length > 0) continue;
    if (variant === undefined) {
      failures.push(await store.writeFailure(pointOf(slot), noneLeft(slot)));
      continue;
    }
    const point = { ...slot.place, variant };
    const known = files.has(point) ? await store.read(point) : undefined;
    if (known === undefined) missing.push(point);
    else results.push(known);
  }
  const reused = results.length;
  tally.begin('points', missing.length);
  await inTurns(missing, { ...parts, tally }, async (point: ExperimentPoint) => {
    const outcome = await runPoint(point, { ...parts, tally });
    if (outcome === undefined) return;
    if ('error' in outcome) failures.push(outcome);
    else results.push(outcome);
  });
  // Figures and files must not depend on which points existed before or finished first.
  const order = new Map(
    slots.flatMap(({ place, candidates }, index) => candidates.map(({ label }) => [keyOf({ ...place, label }), index])),
  );
  results.sort((one, other) => (order.get(keyOf(one)) ?? 0) - (order.get(keyOf(other)) ?? 0));
  return { results, failures, reused, computed: results.length - reused, trials };
}

function keyOf({ scenario, label, splitSeed, seed, fold }: ExperimentPlace & { readonly label: string }): string {
  return JSON.stringify([scenario, label, splitSeed, seed, fold]);
}

async function runPoint(point: ExperimentPoint, parts: RunParts): Promise<PointResult | PointFailure | undefined> {
  const { experiment, data, scenarios, store, files, options, tally } = parts;
  try {
    const fold = await foldData(point, point.variant, data, scenarios);
    const known = await store.readTrial(point, 1);
    const { measurements, scores } = await computePoint(point, fold, experiment, fitRun(point, parts), known);
    await files.write(point, scores, fold.scenario.ratings);
    const result = await store.write(point, measurements);
    const seconds = measurements.trainSeconds + measurements.predictSeconds;
    tally.done(pointText(point), `${mainFigure(measurements, experiment)}, ${seconds.toFixed(1)} s`);
    return result;
  } catch (error) {
    if (options.stop?.aborted) return undefined;
    const failure = await store.writeFailure(point, error);
    tally.done(pointText(point), failureText(failure));
    return failure;
  }
}

/** The single figure that fits on a progress line. */
function mainFigure({ evaluation: { rmse, auc }, topN }: PointMeasurements, { catalogueK }: Experiment): string {
  const [k] = catalogueK;
  const ndcg = k === undefined ? undefined : topN?.at[k]?.ndcg;
  if (ndcg !== undefined) return `NDCG@${k} of all items ${ndcg.toFixed(4)}`;
  return Number.isNaN(rmse) ? `AUC ${auc.toFixed(4)}` : `RMSE ${rmse.toFixed(4)}`;
}

/** A slot that has no combination left, as the point of its first one. */
function pointOf({ entry, place }: Slot): ExperimentPoint {
  const [first] = entry.candidates;
  if (first === undefined) throw new Error('a row has options');
  return { ...place, variant: { ...first, label: entry.label } };
}

function noneLeft({ entry }: Slot): UsageError {
  return new UsageError(
    `none of ${entry.candidates.length} combinations has the metric that chooses on the validation part`,
    { remedy: 'Select by another metric, or look at `failed` in the directory.' },
  );
}
