import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../src/graphs/policy-evaluation.ts';
import { trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import { numbersOf } from '../fixtures/movielens.ts';

describe('evaluatePolicy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-policy-'));
  const at = (name: string) => join(directory, name);
  const file = (name: string, lines: readonly string[]) => {
    writeFileSync(at(name), `${lines.join('\n')}\n`);
    return at(name);
  };
  // Users like even items: 5 stars, all others 1.
  beforeAll(async () => {
    const next = numbersOf(5);
    const rows = Array.from({ length: 20 * 10 }, (_, row) => [Math.floor(row / 10), row % 10] as const)
      .filter(() => next() < 0.7)
      .map(([user, item]) => `${user},${item},${item % 2 === 0 ? 5 : 1}`);
    const ratings = file('ratings.csv', ['user,item,rating', ...rows]);
    await trainRecommender({ recommender: 'baseline', ratings, out: at('baseline') });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('takes the other policy from a column, and its model from two more', async () => {
    const log = file('log.csv', [
      'user,item,propensity,reward,target,predicted,expected',
      ...['1,1,0.5,1,0.25,0.5,0.75', '1,2,0.25,0,0.5,0.5,0.75'],
    ]);
    const found = await evaluatePolicy(log);
    expect(found.ips.value).toBeCloseTo((0.5 * 1 + 2 * 0) / 2, 12);
    expect(found.snips.value).toBeCloseTo(0.5 / 2.5, 12);
    expect(found.doublyRobust?.value).toBeCloseTo((0.75 + 0.5 * 0.5 + 0.75 - 2 * 0.5) / 2, 12);
    expect(found.warnings.join()).toContain('2 rows are worth only');
    expect((await evaluatePolicy(log, { clip: 1 })).clipped).toBe(0.5);
  });

  it('draws from a saved recommender: what it likes earns more than what was shown at random', async () => {
    const next = numbersOf(9);
    const rows = Array.from({ length: 2000 }, () => {
      const [user, item] = [Math.floor(20 * next()), Math.floor(10 * next())];
      return `${user},${item},0.1,${next() < (item % 2 === 0 ? 0.8 : 0.2) ? 1 : 0}`;
    });
    const log = file('random.csv', ['user,item,propensity,reward', ...rows]);
    const sharp = await evaluatePolicy(log, { recommender: at('baseline'), temperature: 0.1 });
    for (const estimate of [sharp.ips, sharp.snips, sharp.doublyRobust]) {
      expect(Math.abs((estimate?.value ?? 0) - 0.8)).toBeLessThan(0.08);
    }
    expect(sharp.logged.value).toBeCloseTo(0.5, 1);
    expect(sharp.warnings).toEqual([]);
    const flat = await evaluatePolicy(log, { recommender: at('baseline'), temperature: 1e6 });
    expect(flat.effectiveSampleSize).toBeCloseTo(2000, 0);
    const stranger = file('stranger.csv', ['user,item,propensity,reward', '77,1,0.1,1']);
    await expect(evaluatePolicy(stranger, { recommender: at('baseline') })).rejects.toMatchObject({
      code: 'unknown-user',
    });
  });

  it('refuses a log without propensities or without another policy, and names bad lines', async () => {
    const bare = file('bare.csv', ['user,item,reward', '1,1,1']);
    await expect(evaluatePolicy(bare)).rejects.toMatchObject({
      message: expect.stringContaining("no column 'propensity'"),
      remedy: expect.stringContaining('says nothing about another policy'),
    });
    const log = ['propensity,reward,target', '0.5,1,0.5', '0.5,x,0.5', '1.2,1,0.5', '0.5,1,-1'];
    const bad = file('bad.csv', log);
    await expect(evaluatePolicy(bad)).rejects.toMatchObject({ code: 'bad-line', line: 3 });
    expect((await evaluatePolicy(bad, { skipBadLines: true })).badLines.count).toBe(3);
    await expect(evaluatePolicy(file('same.csv', ['propensity,reward', '0.5,1']))).rejects.toMatchObject({
      option: 'recommender',
    });
  });
});
