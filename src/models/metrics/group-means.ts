import type { UserFacts } from '../../core/user-facts.ts';

/** Means of metrics over the users of a group. */
export interface GroupMeans {
  /** What the users are grouped by, such as `gender`. */
  readonly field: string;
  /** The value that they share; `unknown` for those of whom the list says nothing. */
  readonly group: string;
  readonly users: number;
  /** By metric the mean over the users that have it; NaN where none has. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Maximum number of values of a field: one with more, such as a name, tells users apart. */
const mostGroups = 50;
/** Users that a group must have for its difference to others to be told. */
export const leastUsers = 10;

/**
 * How well each group of users is served: the mean of each metric over the users of each value of
 * each field, ascending by field and value. Fields with more than `mostGroups` values are left out.
 *
 * @param values by metric a value for each user, by id.
 */
export function groupMeans(
  values: ReadonlyMap<string, ReadonlyMap<string, number>>,
  facts: UserFacts,
): readonly GroupMeans[] {
  const ids = [...new Set([...values.values()].flatMap((users) => [...users.keys()]))];
  const fields = [...new Set(ids.flatMap((id) => Object.keys(facts.get(id) ?? {})))].sort();
  return fields.flatMap((field) => {
    const groups = new Map<string, string[]>();
    for (const id of ids) {
      const own = facts.get(id);
      // A column may be called as something that every object has.
      const group = own !== undefined && Object.hasOwn(own, field) ? (own[field] as string) : 'unknown';
      const users = groups.get(group);
      if (users) users.push(id);
      else groups.set(group, [id]);
    }
    if (groups.size > mostGroups) return [];
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([group, own]) => ({
        ...{ field, group, users: own.length },
        metrics: Object.fromEntries([...values].map(([metric, users]) => [metric, meanOf(own, users)])),
      }));
  });
}

function meanOf(ids: readonly string[], values: ReadonlyMap<string, number>): number {
  const own = ids.flatMap((id) => values.get(id) ?? []).filter((value) => !Number.isNaN(value));
  return own.length === 0 ? Number.NaN : own.reduce((sum, value) => sum + value, 0) / own.length;
}

/**
 * The difference between the largest and the smallest mean of a metric among the groups of a field
 * that have at least ten users; NaN of fewer than two such groups.
 */
export function groupGap(groups: readonly GroupMeans[], metric: string): number {
  const means = groups
    .filter(({ users }) => users >= leastUsers)
    .map(({ metrics }) => metrics[metric] ?? Number.NaN)
    .filter((mean) => !Number.isNaN(mean));
  return means.length < 2 ? Number.NaN : Math.max(...means) - Math.min(...means);
}
