import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createOnce,
  isTemporary,
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  replaceFile,
} from '../../core/atomic-file.ts';
import { canonicalJson, contentHash } from '../../core/canonical-json.ts';
import { DatasetError, UsageError } from '../../core/errors.ts';
import { renamed } from '../../core/renamed.ts';
import { wordsOf } from '../../core/words-of.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { catalogueMetricNames, cataloguePrefix } from '../../models/metrics/catalogue-metrics.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { metricVersions } from '../../models/metrics/own-metrics.ts';
import { environment } from './environment.ts';
import type { Experiment } from './experiment-config.ts';
import { type ExperimentPoint, pointName } from './experiment-points.ts';
import type { PointFailure, PointMeasurements, PointResult, TrialResult } from './point-result.ts';

/** Formats of points and of what is kept with them. */
const directories = ['points', 'failed', 'trials', 'users'] as const;

const format = 'reelflow-experiment-2';

/**
 * Raised when a built-in recommender or the fold-in of new users computes something else: older
 * results are then those of another experiment.
 */
const computation = 2;

/**
 * What determines the results of an experiment, by key. Where its files are, how many neural
 * recommenders train at a time, what is chosen and compared among the points, and which other files
 * are written do not.
 */
function identityOf(
  experiment: Experiment,
  data: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const {
    ratings: _ratings,
    movieList: _movies,
    demographics: _users,
    trailers,
    concurrency: _concurrency,
    features,
    ...others
  } = experiment;
  const { select: _metric, search: _kind, trials: _count, compareTo: _row, split: _split, ...run } = others;
  const { predictions: _rows, csv: _csv, saveSplits: _saved, logDirectory: _logs, columns: _columns, ...rest } = run;
  const named = {
    computation,
    features: Object.keys(features),
    trailers: trailers !== undefined,
    metrics: metricsOf(experiment),
  };
  return JSON.parse(JSON.stringify({ ...rest, ...named, data })) as Record<string, unknown>;
}

/** The version of a point's figures: files without one belong to another experiment. */
function metricsOf({ protocol }: Experiment): string[] {
  const ofCatalogue = protocol === 'catalogue' ? catalogueMetricNames.map((name) => `${cataloguePrefix}${name}`) : [];
  return [...metricVersions(), ...ofCatalogue];
}

/**
 * The directory of an experiment: `experiment.json` with the resolved configuration, a file in
 * `points/` for each finished point, and one in `failed/` for each that could not be computed.
 * Files appear whole or not at all, so an interrupted experiment continues where it was.
 */
export class ExperimentStore {
  readonly directory: string;
  readonly #identity: string;

  private constructor(directory: string, identity: string) {
    this.directory = directory;
    this.#identity = identity;
  }

  /**
   * Opens a directory for an experiment; a new or empty one is taken over.
   *
   * @param hashes SHA-256 of the data, by name
   * @throws UsageError `exists` when it holds another experiment (the message names the keys that
   * differ), or something else.
   */
  static async open(
    directory: string,
    experiment: Experiment,
    hashes: Readonly<Record<string, string | undefined>>,
  ): Promise<ExperimentStore> {
    await makeDirectory(directory);
    const identity = identityOf(experiment, hashes);
    const path = join(directory, 'experiment.json');
    await refuseForeign(directory);
    const record = {
      ...{ format, software: softwareVersion(), environment: environment() },
      ...{ configuration: experiment, identity },
    };
    if (!(await createOnce(path, Buffer.from(`${JSON.stringify(record, null, 2)}\n`)))) {
      checkSame(await readJson(path), identity, directory);
    }
    for (const name of directories) await makeDirectory(join(directory, name));
    for (const name of ['.', ...directories]) await removeStaleTemporaries(join(directory, name));
    // Points of earlier versions count: their hash is that of an identity with a `models` key.
    return new ExperimentStore(directory, contentHash(renamed(identity, 'recommenders', 'models')));
  }

  /**
   * The result of a point, or undefined if it does not exist yet.
   *
   * @throws DatasetError `damaged` when its file is damaged or belongs to another experiment.
   */
  async read(point: ExperimentPoint): Promise<PointResult | undefined> {
    return this.#read<PointResult>(this.#pathOf('points', point));
  }

  /**
   * The validation result of a point that learnt from a share of its rows, if it exists.
   */
  async readTrial(point: ExperimentPoint, share: number): Promise<TrialResult | undefined> {
    return this.#read<TrialResult>(this.#trialPath(point, share));
  }

  /**
   * Saves a validation result; the first writer wins. An earlier failure of the point is forgotten.
   */
  async writeTrial(point: ExperimentPoint, trial: TrialResult): Promise<void> {
    const { label, recommender, options } = point.variant;
    const { scenario, splitSeed, seed, fold } = point;
    const facts = {
      scenario,
      label,
      recommender,
      options,
      splitSeed,
      seed,
      fold,
      software: softwareVersion(),
      ...trial,
    };
    await this.#create(this.#trialPath(point, trial.share), facts);
    await removeIfThere(this.#pathOf('failed', point));
  }

  async #read<Result extends { readonly evaluation: Evaluation }>(path: string): Promise<Result | undefined> {
    const found = (await readJsonIfThere(path)) as (Result & { experiment?: string | undefined }) | undefined;
    if (found === undefined) return undefined;
    const { experiment, ...result } = found;
    if (experiment !== this.#identity || typeof found.evaluation !== 'object') {
      throw damaged(path, 'is of another experiment');
    }
    return withEvaluations(renamed(result, 'model', 'recommender')) as Result;
  }

  async #create(path: string, facts: object): Promise<void> {
    await createOnce(path, Buffer.from(`${JSON.stringify({ experiment: this.#identity, ...facts }, null, 1)}\n`));
  }

  /**
   * Saves the result of a point; the first writer wins. An earlier failure is forgotten.
   */
  async write(point: ExperimentPoint, measurements: PointMeasurements): Promise<PointResult> {
    const { scenario, splitSeed, seed, fold, variant } = point;
    const { label, recommender, options } = variant;
    const place = { scenario, label, recommender, options, splitSeed, seed, fold };
    const result = { ...place, software: softwareVersion(), ...measurements };
    await this.#create(this.#pathOf('points', point), result);
    await removeIfThere(this.#pathOf('failed', point));
    return result;
  }

  /** Records that a point could not be computed. The next run tries it again. */
  async writeFailure(point: ExperimentPoint, error: unknown): Promise<PointFailure> {
    const { scenario, splitSeed, seed, fold, variant } = point;
    const { name, message, code, remedy } =
      error instanceof Error
        ? (error as Error & { code?: unknown; remedy?: unknown })
        : { name: 'Error', message: String(error) };
    const failure = {
      ...{ scenario, label: variant.label, recommender: variant.recommender, splitSeed, seed, fold },
      error: { name, code: textOf(code), message, remedy: textOf(remedy) },
    };
    await replaceFile(this.#pathOf('failed', point), `${JSON.stringify(failure, null, 1)}\n`);
    return failure;
  }

  /** Writes a file of results, replacing the previous one. */
  async writeText(name: string, text: string): Promise<void> {
    await replaceFile(join(this.directory, name), text);
  }

  #pathOf(directory: 'points' | 'failed', point: ExperimentPoint): string {
    return join(this.directory, directory, `${pointName(point)}.json`);
  }

  #trialPath(point: ExperimentPoint, share: number): string {
    const part = share < 1 ? `_share-${share.toPrecision(4)}` : '';
    return join(this.directory, 'trials', `${pointName(point)}${part}.json`);
  }
}

/** @throws UsageError `exists` when a directory holds something other than an experiment. */
async function refuseForeign(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => !isTemporary(name));
  if (names.length === 0 || names.includes('experiment.json')) return;
  throw new UsageError(`${directory} is not empty and does not hold an experiment`, {
    code: 'exists',
    remedy: 'Name an empty or a new directory as `out`.',
  });
}

/**
 * Counts the points of an experiment in a directory, with all the checks of opening it. Writes
 * nothing.
 *
 * @throws as `ExperimentStore.open`.
 */
export async function countPoints(
  directory: string,
  experiment: Experiment,
  hashes: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (!existsSync(directory)) return 0;
  await refuseForeign(directory);
  const found = await readJsonIfThere(join(directory, 'experiment.json'));
  if (found === undefined) return 0;
  checkSame(found, identityOf(experiment, hashes), directory);
  return (await readdir(join(directory, 'points'))).filter((name) => name.endsWith('.json')).length;
}

function checkSame(found: unknown, identity: Record<string, unknown>, directory: string): void {
  const saved = (found as { identity?: Record<string, unknown> | undefined } | null)?.identity;
  if (typeof saved !== 'object') throw damaged(join(directory, 'experiment.json'), 'is not of an experiment');
  const before = renamed(saved, 'models', 'recommenders');
  const keys = [...new Set([...Object.keys(before), ...Object.keys(identity)])];
  const differing = keys.filter((key) => canonicalOf(before[key]) !== canonicalOf(identity[key]));
  if (differing.length === 0) return;
  throw new UsageError(`${directory} holds another experiment: ${differing.join(', ')} differ`, {
    code: 'exists',
    remedy: 'Name another directory as `out`; what is there stays as it is.',
  });
}

function canonicalOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(value);
}

async function readJsonIfThere(path: string): Promise<unknown> {
  try {
    return await readJson(path);
  } catch (error) {
    const { cause } = error as Error;
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw damaged(path, `is damaged: ${wordsOf(error)}`, error);
  }
}

function damaged(path: string, fact: string, cause?: unknown): DatasetError {
  return new DatasetError('damaged', `${path} ${fact}`, { remedy: 'Remove it; its point will be recomputed.', cause });
}

/** Metrics of test and validation ratings, with NaN where JSON has null. */
function withEvaluations(result: object): object {
  const { evaluation, validation, ...rest } = result as {
    evaluation: Evaluation;
    validation?: TrialResult | undefined;
  };
  return {
    ...rest,
    evaluation: withNaN(evaluation),
    validation: validation && withEvaluations(validation),
  };
}

/** JSON has null where a metric is NaN. */
function withNaN(value: unknown): unknown {
  if (value === null) return Number.NaN;
  if (Array.isArray(value)) return value.map(withNaN);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withNaN(entry)]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
