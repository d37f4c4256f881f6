import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowError } from '../../src/core/errors.ts';
import { Gate } from '../../src/core/gate.ts';
import { runLocally } from '../../src/graphs/runners/local.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { Flow } from '../../src/operators/flow.ts';
import { oneRowUnit } from '../fixtures/one-row-unit.ts';
import { until } from '../fixtures/until.ts';

let directory: string;
/** What happened, in order. */
let seen: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-ahead-'));
  seen = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs items one at a time; each is computed until the next one is being fetched. */
async function run(
  items: readonly string[],
  given: {
    readonly onComputed?: (item: string) => void;
    /** Its result lets go of what was fetched. */
    readonly fetched?: (item: string, signal: AbortSignal) => Promise<(() => void) | undefined>;
    readonly drain?: AbortSignal;
  },
): Promise<void> {
  const { onComputed, fetched, drain } = given;
  await runLocally<string, null>({
    graph: {
      ...{ name: 'test', version: 1, params: {}, nodes: [] },
      itemId: (item) => item,
      prepare: async (item) => {
        seen.push(`compute ${item}`);
        const next = items[items.indexOf(item) + 1];
        if (next !== undefined) await until(() => seen.includes(`fetch ${next}`));
        onComputed?.(item);
        seen.push(`computed ${item}`);
        return { claim: 10, kept: 0, seconds: 1, frames: 4 };
      },
      unit: (item) => of(oneRowUnit(item)),
    },
    ...{ items, store: await CommitStore.open(directory), flow: new Flow(1000), services: async () => null },
    ...{ concurrency: 1, ahead: 1, drain, fingerprint: async (item) => `content of ${item}` },
    hold: async (item, signal) => {
      seen.push(`fetch ${item}`);
      const letGo = await fetched?.(item, signal);
      return async () => {
        letGo?.();
        seen.push(`let go ${item}`);
      };
    },
    operators: { before: [], commit: 'commit' },
    onEvent: ({ type, item }) => {
      if (type === 'abandoned' || type === 'committed') seen.push(`${type} ${item}`);
    },
  });
}

describe('the content of the next item', () => {
  it('is fetched while one is computed, and that of no other', async () => {
    await run(['a', 'b', 'c'], {});
    const isBefore = (one: string, other: string) => seen.indexOf(one) < seen.indexOf(other);
    expect([isBefore('fetch b', 'computed a'), isBefore('fetch c', 'computed b')]).toEqual([true, true]);
    expect(isBefore('let go a', 'fetch c')).toBe(true);
    // One at a time, as the run says.
    expect(seen.filter((each) => each.startsWith('comput'))).toEqual([
      ...['compute a', 'computed a', 'compute b', 'computed b', 'compute c', 'computed c'],
    ]);
  });

  it('is fetched no further when the run is drained, and the item is left as it is', async () => {
    const drain = new AbortController();
    await run(['a', 'b', 'c'], {
      drain: drain.signal,
      onComputed: () => drain.abort(),
      fetched: (item, signal) =>
        item === 'a'
          ? Promise.resolve(undefined)
          : new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new FlowError('aborted', 'stopped'))),
            ),
    });
    expect(seen.filter((each) => !each.startsWith('comput')).sort()).toEqual([
      ...['abandoned b', 'committed a', 'fetch a', 'fetch b', 'let go a'],
    ]);
  });

  it('is let go when it is at hand and the run is drained', async () => {
    const drain = new AbortController();
    await run(['a', 'b'], { drain: drain.signal, onComputed: () => drain.abort() });
    expect(seen.filter((each) => each.endsWith(' b'))).toEqual(['fetch b', 'let go b', 'abandoned b']);
  });

  it('is computed first where it is at hand first: there may be no room for another', async () => {
    const room = new Gate(1);
    await run(['a', 'b'], {
      fetched: async (item, signal) => {
        if (item === 'a') await until(() => seen.includes('room for b'));
        const leave = await room.enter(1, signal);
        seen.push(`room for ${item}`);
        return leave;
      },
    });
    expect(seen.filter((each) => each.startsWith('computed'))).toEqual(['computed b', 'computed a']);
  });
});
