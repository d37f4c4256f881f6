import type { UndefinedRule } from '../../models/metrics/metric-values.ts';
import { countedValue } from '../../models/metrics/user-values.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { PointFiles } from './point-files.ts';
import type { PointUsers } from './user-files.ts';

/** One metric of each user, averaged over all folds and runs in which the user is tested. */
export type UserAverages = ReadonlyMap<string, number>;

/** The values of each user over some points of one row, counted by the rule for undefined ones. */
export async function userAverages(
  points: readonly ExperimentPoint[],
  metrics: readonly string[],
  files: PointFiles,
  rule: UndefinedRule,
): Promise<Map<string, UserAverages>> {
  const means = new Map(metrics.map((metric) => [metric, new MeansById()]));
  for (const point of points) {
    const users = await files.readUsers(point);
    for (const [metric, own] of means) {
      for (const [id, value] of valuesOf(users, metric, rule)) own.add(id, value);
    }
  }
  return new Map([...means].map(([metric, own]) => [metric, own.result()]));
}

/**
 * The values of the users of two rows, each over the places where both rows have one: a place that
 * only one of them was tested at, or has a value at, says nothing about their difference.
 *
 * @param places the points of both rows at each place.
 */
export async function pairedAverages(
  places: readonly (readonly [left: ExperimentPoint, right: ExperimentPoint])[],
  metric: string,
  files: PointFiles,
  rule: UndefinedRule,
): Promise<readonly [left: UserAverages, right: UserAverages]> {
  const [left, right] = [new MeansById(), new MeansById()];
  for (const [one, other] of places) {
    const own = valuesOf(await files.readUsers(one), metric, rule);
    const theirs = new Map(valuesOf(await files.readUsers(other), metric, rule));
    for (const [id, value] of own) {
      const known = theirs.get(id);
      if (known === undefined) continue;
      left.add(id, value);
      right.add(id, known);
    }
  }
  return [left.result(), right.result()];
}

/** The users that count in the mean of a metric at a point, with what each counts. */
function valuesOf({ userIds, values }: PointUsers, metric: string, rule: UndefinedRule): (readonly [string, number])[] {
  const column = values[metric] ?? [];
  return userIds.flatMap((id, row) => {
    const value = countedValue(metric, column[row] ?? Number.NaN, rule);
    return value === undefined ? [] : [[id, value] as const];
  });
}

/** Means of numbers that come one by one, by id. */
class MeansById {
  readonly #sums = new Map<string, { sum: number; count: number }>();

  add(id: string, value: number): void {
    const { sum, count } = this.#sums.get(id) ?? { sum: 0, count: 0 };
    this.#sums.set(id, { sum: sum + value, count: count + 1 });
  }

  result(): UserAverages {
    return new Map([...this.#sums].map(([id, { sum, count }]) => [id, sum / count]));
  }
}

/** The values of the users that both sides have, in the same order. */
export function paired(left: UserAverages, right: UserAverages): [left: Float64Array, right: Float64Array] {
  const ids = [...left.keys()].filter((id) => right.has(id));
  return [
    Float64Array.from(ids, (id) => left.get(id) as number),
    Float64Array.from(ids, (id) => right.get(id) as number),
  ];
}
