import { csvField } from '../../core/csv-field.ts';
import { type GroupMeans, groupGap, leastUsers } from '../../models/metrics/group-means.ts';
import type { Sheet } from './sheets.ts';

/** How well a row serves a group of users. */
export interface GroupRow extends GroupMeans {
  /** Empty where there are none. */
  readonly scenario: string;
  readonly label: string;
}

/** Those of some metrics that have a column in the tables; of ranking metrics, the longest list. */
export function shownMetrics(metrics: readonly string[]): string[] {
  const names = [...new Set(metrics)];
  const ofLists = names.filter((name) => /(^|\.)ndcg@/.test(name));
  return [...names.filter((name) => name === 'rmse' || name === 'mae'), ...ofLists.slice(-1)];
}

/** The groups of users as tables: one for each scenario and field. */
export function groupSheets(groups: readonly GroupRow[]): Sheet[] {
  const tables = groupedBy(groups, ({ scenario, field }) =>
    scenario === '' ? `by ${field}` : `${scenario}, by ${field}`,
  );
  const metrics = shownMetrics(groups.flatMap(({ metrics: own }) => Object.keys(own)));
  return [...tables].map(([title, own]) => ({
    title: `Users in groups: ${title}`,
    note: `means over users; gap: between the groups of at least ${leastUsers} users`,
    rows: [
      ['recommender', 'group', 'users', ...metrics],
      ...[...groupedBy(own, ({ label }) => label)].flatMap(([label, rows]) => [
        ...rows.map(({ group, users, metrics: means }) => [
          ...[label, group, String(users)],
          ...metrics.map((metric) => shown(means[metric])),
        ]),
        [label, 'gap', '', ...metrics.map((metric) => shown(groupGap(rows, metric)))],
      ]),
    ].map((row) => row.map((text) => ({ text }))),
  }));
}

/** The groups as CSV, one line per metric. */
export function groupsCsv(groups: readonly GroupRow[]): string {
  const lines = groups.flatMap(({ scenario, label, field, group, users, metrics }) =>
    Object.entries(metrics).map(([metric, mean]) =>
      [scenario, csvField(label), csvField(field), csvField(group), users, metric, Number.isNaN(mean) ? '' : mean].join(
        ',',
      ),
    ),
  );
  return `${['scenario,recommender,field,group,users,metric,mean', ...lines].join('\n')}\n`;
}

function groupedBy(rows: readonly GroupRow[], keyOf: (row: GroupRow) => string): Map<string, GroupRow[]> {
  const groups = new Map<string, GroupRow[]>();
  for (const row of rows) {
    const own = groups.get(keyOf(row));
    if (own) own.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

function shown(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '-' : value.toFixed(4);
}
