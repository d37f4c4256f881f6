import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RatingTable } from '../../../src/io/ratings/rating-table.ts';
import type { Scenario, ScenarioParameters } from '../../../src/io/ratings/scenarios.ts';

// A thread of Node 20 loads no TypeScript: what is built makes the scenarios.
const built = new URL('../../../dist/src/io/ratings/', import.meta.url);
const { makeScenarioBeside } = (await import(
  new URL('scenario-thread.js', built).href
)) as typeof import('../../../src/io/ratings/scenario-thread.ts');
const { makeScenario } = (await import(
  new URL('scenarios.js', built).href
)) as typeof import('../../../src/io/ratings/scenarios.ts');

/** Ratings of 500 items by 900 users, just enough for a thread of their own. */
const [count, userCount, itemCount] = [210_000, 900, 500];
const table: RatingTable = {
  users: Int32Array.from({ length: count }, (_, row) => row % userCount),
  items: Int32Array.from(
    { length: count },
    (_, row) => (Math.floor(row / userCount) * 7 + (row % userCount)) % itemCount,
  ),
  values: Float32Array.from({ length: count }, (_, row) => 1 + ((row * 13) % 5)),
  timestamps: Float64Array.from({ length: count }, (_, row) => 1e9 + ((row * 7919) % 1_000_003)),
  userIds: Array.from({ length: userCount }, (_, user) => `u${user}`),
  itemIds: Array.from({ length: itemCount }, (_, item) => String(item + 1)),
};
/** The same in memory that threads share, as what is read from a file. */
const shared: RatingTable = {
  ...table,
  users: inSharedMemory(table.users, Int32Array),
  values: inSharedMemory(table.values, Float32Array),
};

function inSharedMemory<T extends Int32Array | Float32Array>(column: T, Column: new (of: SharedArrayBuffer) => T): T {
  const copy = new Column(new SharedArrayBuffer(column.byteLength));
  copy.set(column);
  return copy;
}

/** A scenario with the SHA-256 of each column in place of its numbers. */
const digested = (scenario: Scenario): unknown =>
  JSON.parse(
    JSON.stringify(scenario, (_name, value) =>
      ArrayBuffer.isView(value)
        ? `${value.constructor.name} ${createHash('sha256')
            .update(value as Uint8Array)
            .digest('hex')}`
        : value,
    ),
  );

describe('a scenario of many ratings', () => {
  const cases: ScenarioParameters[] = [
    { kind: 'non-cold', seed: 1, folds: 3 },
    { kind: 'hard-cold', seed: 2, ratingsPerUser: 40, validation: { kind: 'item-cold' } },
    { kind: 'random', seed: 4_294_967_295, core: 200, filter: { itemsWithFeatures: new Set(table.itemIds.slice(9)) } },
    { kind: 'leave-items-out', seed: 3, users: 700, items: 300 },
    { kind: 'user', seed: 5, validation: { kind: 'none' } },
    { kind: 'leave-last-out', seed: 6 },
    { kind: 'time', seed: 7, cut: 0.7 },
  ];
  test.each(cases)('is made in a thread as it is made at once: $kind', async (parameters) => {
    const stages: string[] = [];
    const made = await makeScenarioBeside(shared, parameters, undefined, { onStage: (stage) => stages.push(stage) });
    expect(digested(made)).toEqual(digested(makeScenario(table, parameters)));
    expect(stages[0]).toBe('filtering');
    expect(shared.items.length).toBe(count);
  });

  test('is stopped in the middle of a stage', async () => {
    const stop = new AbortController();
    const stages: string[] = [];
    const onStage = (stage: string) => {
      stages.push(stage);
      stop.abort(new Error('enough'));
    };
    const made = makeScenarioBeside(table, { kind: 'random' }, undefined, { signal: stop.signal, onStage });
    await expect(made).rejects.toThrow('enough');
    expect(stages.length).toBeLessThan(6);
  });

  test('is not made when the one who is told of a stage throws, who gets that error', async () => {
    const onStage = () => {
      throw new RangeError('no room for the bar');
    };
    const made = makeScenarioBeside(table, { kind: 'random' }, undefined, { onStage });
    await expect(made).rejects.toThrow(new RangeError('no room for the bar'));
  });

  test('that leaves no rating is refused in the words of the direct call', async () => {
    const parameters = { kind: 'random', core: 100_000 } as const;
    const failure = (error: Error) => ({ ...error, name: error.name, message: error.message });
    const direct = await Promise.resolve()
      .then(() => makeScenario(table, parameters))
      .catch(failure);
    expect(direct).toMatchObject({ name: 'UsageError', code: 'ratings' });
    expect(await makeScenarioBeside(table, parameters, undefined).catch(failure)).toEqual(direct);
  });
});
