import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { renamed } from '../../core/renamed.ts';
import { wordsOf } from '../../core/words-of.ts';
import { openTable } from '../../io/dataset/table-reader.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { PointResult } from '../experiment/point-result.ts';
import type { ExperimentResult } from '../experiment/run-experiment.ts';

/** The epochs of one training. */
export interface TrainingCourse {
  readonly scenario: string;
  readonly label: string;
  readonly seed: number;
  readonly splitSeed: number;
  readonly fold: number;
  readonly history: readonly EpochRecord[];
}

/** How many test ratings, and how many predictions for them, fall into each bin. */
export interface PredictionCounts {
  readonly scenario: string;
  readonly label: string;
  readonly predictions: Float64Array;
  readonly ratings: Float64Array;
}

/** An experiment, as stored in its directory. */
export interface SavedExperiment {
  readonly result: ExperimentResult;
  readonly courses: readonly TrainingCourse[];
  /** Empty unless predictions were stored. */
  readonly counts: readonly PredictionCounts[];
  /** Lower edges of the bins, followed by the upper edge of the last. */
  readonly edges: readonly number[];
}

/** Width of a bin: one step of the usual scales. */
const STEP = 0.5;
/** Maximum number of bins, even for a wide scale. */
const MOST_BINS = 24;

/**
 * Reads the directory of an experiment: `results.json`, the points' histories, and any predictions,
 * one file at a time.
 *
 * @throws UsageError `dataset` when it has no results.
 */
export async function readExperiment(directory: string): Promise<SavedExperiment> {
  refuseAddress(directory);
  const result = await readResult(directory);
  const courses: TrainingCourse[] = [];
  const counts = new Map<string, PredictionCounts>();
  const { minimum, maximum } = result.scale;
  const step = Math.max(STEP, (maximum - minimum) / (MOST_BINS - 1));
  const bins = Math.round((maximum - minimum) / step) + 1;
  // A rating is in the middle of its bin.
  const edges = Array.from({ length: bins + 1 }, (_, at) => minimum + (at - 0.5) * step);
  const kept = new Set(await namesIn(join(directory, 'predictions')));
  for (const name of await namesIn(join(directory, 'points'))) {
    if (!name.endsWith('.json')) continue;
    const point = await readFacts<PointResult>(join(directory, 'points', name), ['scenario', 'label', 'history']);
    const { scenario, label, seed, splitSeed, fold } = point;
    // After `refit`, the history with validation losses is that of the first fit.
    const history = point.validation?.history.length ? point.validation.history : point.history;
    if (history.length > 0) courses.push({ scenario, label, seed, splitSeed, fold, history });
    const file = name.replace(/json$/, 'parquet');
    if (!kept.has(file)) continue;
    const key = `${scenario}\n${label}`;
    const own = counts.get(key) ?? {
      ...{ scenario, label, predictions: new Float64Array(bins), ratings: new Float64Array(bins) },
    };
    counts.set(key, own);
    await addPredictions(join(directory, 'predictions', file), own, edges);
  }
  const order = result.rows.map(({ scenario, label }) => `${scenario}\n${label}`);
  const place = ({ scenario, label }: { scenario: string; label: string }) => order.indexOf(`${scenario}\n${label}`);
  return {
    result,
    courses: courses.sort((one, other) => place(one) - place(other)),
    counts: [...counts.values()].sort((one, other) => place(one) - place(other)),
    edges,
  };
}

async function readResult(directory: string): Promise<ExperimentResult> {
  const path = join(directory, 'results.json');
  const keys = ['rows', 'tables', 'scale', 'points', 'warnings', 'comparisons', 'configuration', 'environment'];
  // JSON has no NaN, and writes null for it.
  const result = await readFacts<ExperimentResult>(path, keys, (_, value) => (value === null ? Number.NaN : value));
  return {
    ...result,
    configuration: renamed(result.configuration, 'models', 'recommenders'),
    rows: result.rows.map((row) => renamed(row, 'model', 'recommender')),
  };
}

/** Reads a JSON file of an experiment. @throws UsageError `dataset` when it is not one. */
async function readFacts<Facts>(
  path: string,
  keys: readonly string[],
  reviver?: (key: string, value: unknown) => unknown,
): Promise<Facts> {
  try {
    const facts: unknown = JSON.parse(await readFile(path, 'utf8'), reviver);
    const missing = typeof facts === 'object' && facts !== null ? keys.filter((key) => !(key in facts)) : keys;
    if (missing.length > 0) throw new Error(`it has no ${missing.join(', ')}`);
    return facts as Facts;
  } catch (cause) {
    throw new UsageError(`${path} is not of an experiment: ${wordsOf(cause)}`, {
      code: 'dataset',
      remedy: 'Name the directory that an experiment wrote (`out`), or run the experiment again.',
      cause,
    });
  }
}

async function addPredictions(
  path: string,
  { predictions, ratings }: PredictionCounts,
  edges: readonly number[],
): Promise<void> {
  const table = await openTable(path, { columns: ['rating', 'prediction'] });
  const add = (bins: Float64Array, value: number) => {
    const above = edges.findIndex((edge) => value < edge);
    const bin = above < 0 ? bins.length - 1 : Math.max(0, above - 1);
    bins[bin] = (bins[bin] as number) + 1;
  };
  try {
    for await (const { batch } of table.batches()) {
      for (const [name, bins] of [
        ['rating', ratings],
        ['prediction', predictions],
      ] as const) {
        for (const value of batch.getChild(name) ?? []) if (Number.isFinite(value)) add(bins, Number(value));
      }
    }
  } finally {
    await table.close();
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
