import { describe, expect, it } from 'vitest';
import { collapseOf } from '../../../src/graphs/recommenders/collapse.ts';
import { plantedBandit } from '../../models/recommenders/reinforcement/planted-bandit.ts';

const { learnt } = plantedBandit();
const rows = Int32Array.from({ length: 400 }, (_, row) => row);
/** 200 users, each with two items of 400. */
const wide = { ...learnt, users: rows.map((row) => row >> 1), items: rows, userCount: 200, itemCount: 400 };
const few = async (_: Int32Array, items: Int32Array) => Float32Array.from(items, (item) => -item);

describe('a policy', () => {
  it('that recommends the same few items to all is found out', async () => {
    const found = await collapseOf('ddpg', wide, few);
    expect(found.isCollapsed).toBe(true);
    expect(found.text).toMatch(/^warning: ddpg recommends 1\d different items in 1000 recommendations/);
  });

  it('whose lists differ between users is not', async () => {
    const own = async (users: Int32Array, items: Int32Array) =>
      Float32Array.from(items, (item, at) => -Math.abs(item - 2 * (users[at] as number)));
    expect((await collapseOf('ddpg', wide, own)).isCollapsed).toBe(false);
    // Users who have rated half of all items differ by what is left to each.
    expect((await collapseOf('ddpg', learnt, few)).isCollapsed).toBe(false);
  });
});
