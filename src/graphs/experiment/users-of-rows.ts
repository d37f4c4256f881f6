import type { Experiment, ScenarioName } from './experiment-config.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { PointFiles } from './point-files.ts';
import type { PointResult } from './point-result.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { completeRuns } from './summarise.ts';
import { paired, pairedAverages, type UserAverages, userAverages } from './user-averages.ts';

type Run = ReturnType<typeof completeRuns>[number];

/** The values of each user of the rows of a scenario, alone and in pairs of rows. */
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

  /** Reads the values of a row; of these metrics only. */
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

  /** The labels of the rows, with the means of each user by metric. */
  *[Symbol.iterator](): Generator<readonly [label: string, averages: ReadonlyMap<string, UserAverages>]> {
    for (const [label, { averages }] of this.#rows) yield [label, averages];
  }

  /**
   * The values of the users that two rows share, in the same order; undefined where one of the rows
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
    // Under `zero` every row has a value wherever another has one, so their own means are those over
    // the same places.
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
