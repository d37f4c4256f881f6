import type { UndefinedRule } from '../../models/metrics/metric-values.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { PointFiles } from './point-files.ts';

/** One metric of each user, averaged over all folds and runs in which the user is tested. */
export type UserAverages = ReadonlyMap<string, number>;

/** Metrics for which users without a value are left out, whatever the rule says. */
const wholeList = /^((mae|rmse|auc|aucRanked)$|catalogue\.)/;

/**
 * The values of each user over some points of one row. A user for whom a ranking metric is not
 * defined counts 0 or is left out, as in the means of the tables.
 */
export async function userAverages(
  points: readonly ExperimentPoint[],
  metrics: readonly string[],
  files: PointFiles,
  rule: UndefinedRule,
): Promise<Map<string, UserAverages>> {
  const sums = new Map(metrics.map((metric) => [metric, new Map<string, { sum: number; count: number }>()]));
  for (const point of points) {
    const { userIds, values } = await files.readUsers(point);
    for (const [metric, users] of sums) {
      const column = values[metric] ?? [];
      for (const [row, id] of userIds.entries()) {
        const value = column[row] ?? Number.NaN;
        const counts = !Number.isNaN(value) || (rule === 'zero' && !wholeList.test(metric));
        if (!counts) continue;
        const known = users.get(id) ?? { sum: 0, count: 0 };
        users.set(id, { sum: known.sum + (Number.isNaN(value) ? 0 : value), count: known.count + 1 });
      }
    }
  }
  return new Map(
    [...sums].map(([metric, users]) => [metric, new Map([...users].map(([id, { sum, count }]) => [id, sum / count]))]),
  );
}

/** The values of the users that both sides have, in the same order. */
export function paired(left: UserAverages, right: UserAverages): [left: Float64Array, right: Float64Array] {
  const ids = [...left.keys()].filter((id) => right.has(id));
  return [
    Float64Array.from(ids, (id) => left.get(id) as number),
    Float64Array.from(ids, (id) => right.get(id) as number),
  ];
}
