import { describe, expect, it } from 'vitest';
import { CachedUnits } from '../../../src/io/cache/cached-units.ts';
import type { UnitCache } from '../../../src/io/cache/unit-cache.ts';
import { encodeUnit } from '../../../src/io/dataset/arrow.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';
import { keyOf, unitRows, unitTable } from '../dataset/fixtures.ts';

const content = keyOf(1);

function caching(entries = new Map<string, Uint8Array>(), graphId = 'graph-a') {
  const warnings: string[] = [];
  const cache: UnitCache = {
    get: async (key) => entries.get(key),
    set: async (key, bytes) => void entries.set(key, bytes),
  };
  return { entries, warnings, units: new CachedUnits(cache, { graphId, warn: (text) => void warnings.push(text) }) };
}

describe('CachedUnits', () => {
  it('gives a unit under the id that another dataset has for the file, otherwise the same to the last bit', async () => {
    const { units, warnings } = caching();
    const unit = unitTable({ itemId: 'heat', counts: [2, 3], statistics: ['mean', 'medmad'] });
    await units.set(content, unit);
    const found = await units.get(content, 'movie-7');
    expect(found).toBeDefined();
    expect(Buffer.from(encodeUnit(found ?? unit))).toEqual(Buffer.from(encodeUnit({ ...unit, itemId: 'movie-7' })));
    expect(warnings).toEqual([]);
  });

  it('tells nothing of who made an entry: the same file gives the same bytes under any id', async () => {
    const [one, other] = [caching(), caching()];
    await one.units.set(content, unitTable({ itemId: 'heat' }));
    await other.units.set(content, unitTable({ itemId: 'movie-7' }));
    expect([...one.entries]).toEqual([...other.entries]);
  });

  it('misses for another content, and for another graph', async () => {
    const { entries, units } = caching();
    await units.set(content, unitTable({ itemId: 'heat' }));
    expect(await units.get(keyOf(2), 'heat')).toBeUndefined();
    expect(await caching(entries, 'graph-b').units.get(content, 'heat')).toBeUndefined();
  });

  it('takes an entry that is changed or cut off anywhere for a miss, with a warning, until it is set again', async () => {
    const { entries, units, warnings } = caching();
    const unit = unitTable({ itemId: 'heat' });
    await units.set(content, unit);
    const [key, whole] = [...entries][0] as [string, Uint8Array];
    for (const place of [0, 700, whole.length >> 1, whole.length - 1]) {
      const changed = Uint8Array.from(whole);
      changed[place] = (changed[place] as number) ^ 16;
      for (const bytes of [changed, whole.slice(0, place)]) {
        entries.set(key, bytes);
        expect(await units.get(content, 'heat')).toBeUndefined();
        expect(warnings.splice(0)).toEqual([expect.stringMatching(/'heat' in the cache.*recomputed/)]);
      }
    }
    await units.set(content, unit);
    expect(await units.get(content, 'heat')).toBeDefined();
    expect(warnings).toEqual([]);
  });

  it("takes an entry that stands under another one's key for a miss, with a warning", async () => {
    const { entries, units, warnings } = caching();
    await units.set(content, unitTable({ itemId: 'heat' }));
    await units.set(keyOf(2), unitTable({ itemId: 'ronin', seed: 5 }));
    const [first, second] = [...entries] as [[string, Uint8Array], [string, Uint8Array]];
    entries.set(first[0], second[1]);
    expect(await units.get(content, 'heat')).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('another file or graph')]);
  });

  it('reads bytes that lie anywhere in memory', async () => {
    const { entries, units } = caching();
    await units.set(content, unitTable({ itemId: 'heat' }));
    const [key, whole] = [...entries][0] as [string, Uint8Array];
    const inside = Buffer.alloc(whole.length + 3);
    inside.set(whole, 3);
    entries.set(key, inside.subarray(3));
    expect((await units.get(content, 'heat'))?.columns[0]?.values).toEqual(
      unitTable({ itemId: 'x' }).columns[0]?.values,
    );
  });

  it('keeps no unit of media that decoded only in part', async () => {
    const { entries, units } = caching();
    const verdict = { verdict: 'partial', reason: 'truncated' };
    await units.set(content, joinRows({ itemId: 'cut', rows: unitRows({ itemId: 'cut' }), verdict }));
    expect(entries.size).toBe(0);
  });

  it('a cache that fails is a warning each time, and is not used for the rest of this run after three in a row', async () => {
    let calls = 0;
    const warnings: string[] = [];
    const failing: UnitCache = {
      get: async () => {
        calls += 1;
        throw new Error('connection lost');
      },
      set: async () => {
        calls += 1;
        throw new Error('database or disk is full');
      },
    };
    const units = new CachedUnits(failing, { graphId: 'g', warn: (text) => void warnings.push(text) });
    expect(await units.get(content, 'heat')).toBeUndefined();
    await units.set(content, unitTable({ itemId: 'heat' }));
    expect(warnings[1]).toBe("the entry of 'heat' in the cache could not be written: database or disk is full [cache]");
    for (let more = 0; more < 5; more += 1) expect(await units.get(content, 'heat')).toBeUndefined();
    expect(calls).toBe(3);
    expect(warnings).toHaveLength(3);
    expect(warnings[2]).toContain('not used for the rest of this run');
  });

  it('a call that never ends is given up', async () => {
    const warnings: string[] = [];
    const silent: UnitCache = { get: () => new Promise(() => {}), set: async () => {} };
    const units = new CachedUnits(silent, { graphId: 'g', timeout: 10, warn: (text) => void warnings.push(text) });
    expect(await units.get(content, 'heat')).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/took longer than 0.01 s.*not used for the rest of this run/)]);
  });

  it('one that does not answer is waited for once, by all together, for as long as it says', async () => {
    const warnings: string[] = [];
    let calls = 0;
    const get = () => {
      calls += 1;
      return new Promise<undefined>(() => {});
    };
    const silent: UnitCache = { get, set: async () => {}, patience: 20 };
    const units = new CachedUnits(silent, { graphId: 'g', warn: (text) => void warnings.push(text) });
    await Promise.all([units.get(content, 'heat'), units.get(content, 'ronin')]);
    for (let more = 0; more < 5; more += 1) await units.get(content, 'heat');
    expect(calls).toBe(2);
    expect(warnings).toEqual([expect.stringMatching(/took longer than 0.02 s.*not used for the rest of this run/)]);
  });
});
