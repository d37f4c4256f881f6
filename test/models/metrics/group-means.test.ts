import { expect, it } from 'vitest';
import { groupSheets, groupsCsv } from '../../../src/graphs/experiment/group-sheets.ts';
import { groupGap, groupMeans } from '../../../src/models/metrics/group-means.ts';

const ids = Array.from({ length: 25 }, (_, user) => String(user));
/** Ten of F, twelve of M, two of whom nothing is known, one of X. */
const facts = new Map(
  ids.flatMap((id, user) =>
    user < 22 ? [[id, { gender: user < 10 ? 'F' : 'M' }]] : user === 24 ? [[id, { gender: 'X' }]] : [],
  ),
);
const values = new Map([
  ['rmse', new Map(ids.map((id, user) => [id, user < 10 ? 1 : user < 22 ? 0.75 : 3]))],
  ['ndcg@10', new Map(ids.flatMap((id, user) => (user % 2 === 0 ? [[id, user < 10 ? 0.2 : 0.5] as const] : [])))],
]);

it('means of groups are over the users of each, and of those that have the metric', () => {
  const groups = groupMeans(values, facts);
  expect(groups.map(({ group, users, metrics }) => [group, users, metrics.rmse])).toEqual([
    ['F', 10, 1],
    ['M', 12, 0.75],
    ['X', 1, 3],
    ['unknown', 2, 3],
  ]);
  expect(groups[0]?.metrics['ndcg@10']).toBeCloseTo(0.2, 12);
});

it('the gap is between groups of ten users at least', () => {
  const groups = groupMeans(values, facts);
  expect(groupGap(groups, 'rmse')).toBeCloseTo(0.25, 12);
  expect(groupGap(groups.slice(0, 1), 'rmse')).toBeNaN();
});

it('an experiment shows a table for each field, with the gap below the groups of a row', () => {
  const rows = groupMeans(values, facts).map((group) => ({ scenario: 'non-cold', label: 'baseline', ...group }));
  const [sheet, ...others] = groupSheets(rows);
  expect(others).toEqual([]);
  expect(sheet?.title).toBe('Users in groups: non-cold, by gender');
  expect(sheet?.rows.map((row) => row.map(({ text }) => text).join(' '))).toEqual([
    'recommender group users rmse ndcg@10',
    'baseline F 10 1.0000 0.2000',
    'baseline M 12 0.7500 0.5000',
    'baseline X 1 3.0000 0.5000',
    'baseline unknown 2 3.0000 0.5000',
    'baseline gap  0.2500 0.3000',
  ]);
  expect(groupsCsv(rows).split('\n').slice(0, 2)).toEqual([
    'scenario,recommender,field,group,users,metric,mean',
    'non-cold,baseline,gender,F,10,rmse,1',
  ]);
});

it('a field whose values are as many as names makes no groups, and one may be called as what every object has', () => {
  const named = new Map(
    Array.from({ length: 60 }, (_, user) => [
      String(user),
      Object.fromEntries(
        [
          ['name', `user ${user}`],
          ['constructor', 'a'],
        ].slice(0, user < 5 ? 1 : 2),
      ),
    ]),
  );
  const all = new Map([['rmse', new Map([...named.keys()].map((id) => [id, 1]))]]);
  expect(groupMeans(all, named).map(({ field, group, users }) => [field, group, users])).toEqual([
    ['constructor', 'a', 55],
    ['constructor', 'unknown', 5],
  ]);
});
