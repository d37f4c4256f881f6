import type { Experiment, ScenarioName } from './experiment-config.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { PointFiles } from './point-files.ts';
import type { PointResult } from './point-result.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { completeRuns } from './summarise.ts';
import { paired, pairedAverages, type UserAverages, userAverages } from './user-averages.ts';

type Run = ReturnType<typeof completeRuns>[number];

/** Each user's values in the rows of a scenario, for one row or for pairs of rows. */
export class UsersOfRows {
  readonly #experiment: Experiment;
  readonly #files: PointFiles;
  readonly #rows = new Map<
    string,
    {
      readonly entry: ExperimentEntry;
      readonly runs: readonly Run[];
      readonly averages: ReadonlyMap<string, UserAverages>;
    }
  >();

  constructor(experiment: Experiment, files: PointFiles) {
    this.#experiment = experiment;
    this.#files = files;
  }

  /** Reads a row's values for these metrics. */
  async add(
    scenario: ScenarioName,
    entry: ExperimentEntry,
    results: readonly PointResult[],
    metrics: readonly string[],
  ): Promise<void> {
    const runs = completeRuns(this.#experiment, scenario, entry, results);
    const points = runs.flatMap((run) => run.points).map((point) => pointOf(point, entry));
    const averages = await userAverages(points, metrics, this.#files, this.#experiment.undefined);
    this.#rows.set(entry.label, { entry, runs, averages });
  }

  /** The labels of the rows, with each user's means by metric. */
  *[Symbol.iterator](): Generator<readonly [label: string, averages: ReadonlyMap<string, UserAverages>]> {
    for (const [label, { averages }] of this.#rows) yield [label, averages];
  }

  /**
   * The values of the users that two rows share, in the same order; undefined if one of the rows
   * has none.
   */
  async pairs(
    left: string,
    right: string,
    metric: string,
  ): Promise<readonly [left: Float64Array, right: Float64Array] | undefined> {
    const [one, other] = [this.#rows.get(left), this.#rows.get(right)];
    const [own, theirs] = [one?.averages.get(metric), other?.averages.get(metric)];
    if (one === undefined || other === undefined || own === undefined || theirs === undefined) return undefined;
    const shared = one.runs.flatMap((run) => {
      const same = other.runs.find(({ splitSeed, seed }) => splitSeed === run.splitSeed && seed === run.seed);
      return same === undefined ? [] : [[run, same] as const];
    });
    const areWhole = shared.length === one.runs.length && shared.length === other.runs.length;
    // Under `zero`, every row has a value wherever another has one, so their means already cover the
    // same places.
    if (areWhole && this.#experiment.undefined === 'zero') return paired(own, theirs);
    const places = shared.flatMap(([run, same]) =>
      run.points.flatMap((point) => {
        const there = same.points.find(({ fold }) => fold === point.fold);
        return there === undefined ? [] : [[pointOf(point, one.entry), pointOf(there, other.entry)] as const];
      }),
    );
    return paired(...(await pairedAverages(places, metric, this.#files, this.#experiment.undefined)));
  }
}

function pointOf({ scenario, splitSeed, seed, fold, label }: PointResult, entry: ExperimentEntry): ExperimentPoint {
  const variant = entry.candidates.find((candidate) => candidate.label === label);
  if (variant === undefined) throw new Error(`the row ${entry.label} has no combination ${label}`);
  return { scenario, splitSeed, seed, fold, variant };
}
