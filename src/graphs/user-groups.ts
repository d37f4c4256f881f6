import type { UserFacts } from '../core/user-facts.ts';
import { type GroupMeans, groupMeans } from '../models/metrics/group-means.ts';
import type { UndefinedRule } from '../models/metrics/metric-values.ts';
import { countedValue, type UserMetrics } from '../models/metrics/user-values.ts';

/**
 * How well each group of users is served, from the metrics of each user. Metrics that no user has,
 * such as errors if only scores are predicted, are left out.
 */
export function groupsOfUsers(
  facts: UserFacts,
  userIds: readonly string[],
  { users, values }: UserMetrics,
  rule: UndefinedRule,
): readonly GroupMeans[] {
  const columns = Object.entries(values).filter(([, column]) => column.some((value) => !Number.isNaN(value)));
  return groupMeans(
    new Map(
      columns.map(([metric, column]) => [
        metric,
        new Map(
          [...users].flatMap((user, row) => {
            const value = countedValue(metric, column[row] as number, rule);
            return value === undefined ? [] : [[userIds[user] as string, value] as const];
          }),
        ),
      ]),
    ),
    facts,
  );
}

/** Doubts about the groups, as sentences. */
export function groupDoubts(groups: readonly GroupMeans[] | undefined): string[] {
  return groups?.length === 0
    ? ['`demographics` make no groups: they say nothing about the tested users, or only things unique to each user']
    : [];
}
