import { expect, test } from 'vitest';
import { fitWarnings, testPartWarnings } from '../../../src/graphs/experiment/fit-warnings.ts';
import type { PointResult } from '../../../src/graphs/experiment/point-result.ts';

function point(
  [scenario, seed, fold]: readonly ['non-cold' | 'hard-cold', number, number],
  { judged = [], tested, baseRate = 0.5 }: { judged?: string[]; tested?: string[]; baseRate?: number } = {},
): PointResult {
  const place = { scenario, label: 'ddpg', splitSeed: seed === 9 ? 1 : seed, seed, fold };
  return { ...place, validation: { warnings: judged }, warnings: tested, evaluation: { baseRate } } as never;
}

test('each kind of doubt is said once for a row, with the places where it was found, of every scenario and seed', () => {
  const mean = (rmse: number) => `the network is no better than the mean rating (RMSE ${rmse})`;
  const collapsed = (items: number) => `ddpg recommends ${items} different items: it has collapsed`;
  expect(
    fitWarnings([
      point(['non-cold', 1, 1]),
      point(['non-cold', 1, 2], { tested: [collapsed(10)] }),
      point(['non-cold', 2, 1], { judged: [mean(1.25)], tested: [collapsed(12)] }),
      point(['hard-cold', 1, 1], { judged: [mean(1.5)] }),
      point(['hard-cold', 9, 1], { judged: [mean(1)] }),
      point(['hard-cold', 2, 1], { judged: [mean(1.75)] }),
      point(['hard-cold', 2, 2], { judged: [mean(2)] }),
    ]),
  ).toEqual([
    'ddpg in non-cold: 2 of 3 fits are doubtful (seed 1, fold 2; seed 2, fold 1); in the first, ddpg recommends 10 different items: it has collapsed',
    'ddpg in non-cold: 1 of 3 fits are doubtful (seed 2, fold 1); in the first, the network is no better than the mean rating (RMSE 1.25)',
    'ddpg in hard-cold: 4 of 4 fits are doubtful (seed 1, fold 1; split 1, seed 9, fold 1; seed 2, fold 1; ...); in the first, the network is no better than the mean rating (RMSE 1.5)',
  ]);
});

test('a test part in which every rating is relevant, or none, is said with its place, unless all items are ranked', () => {
  const points = [
    point(['non-cold', 1, 1]),
    point(['non-cold', 2, 1], { baseRate: 1 }),
    point(['non-cold', 2, 1], { baseRate: 1 }),
    point(['hard-cold', 2, 2], { baseRate: 0 }),
  ];
  expect(testPartWarnings(points, 'rated')).toEqual([
    'every test rating of non-cold is relevant (seed 2, fold 1): the figures of lists there show only the threshold',
    'no test rating of hard-cold is relevant (seed 2, fold 2): the figures of lists there show only the threshold',
  ]);
  expect(testPartWarnings(points, 'catalogue')).toEqual([]);
});
