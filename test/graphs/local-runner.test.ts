import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { map, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MediaError, SystemError } from '../../src/core/errors.ts';
import type { Graph, UnitContext } from '../../src/graphs/graph.ts';
import { type RunEvent, runLocally } from '../../src/graphs/runners/local.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { mayBeAnswered } from '../../src/io/dataset/dead-letter.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import { Flow } from '../../src/operators/flow.ts';
import { oneRowUnit } from '../fixtures/one-row-unit.ts';
import { VirtualTime } from '../operators/support/virtual-time.ts';

let directory: string;
let store: CommitStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-runner-'));
  store = await CommitStore.open(directory);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/**
 * A graph over names: each reads four elements through the flow, then gives its table. `onRead` is
 * told before each.
 */
function graphOf(
  fails: Readonly<Record<string, Error>> = {},
  onRead: (item: string) => void = () => {},
): Graph<string, UnitTable, null> {
  return {
    ...{ name: 'test', version: 1, params: {}, nodes: [] },
    itemId: (item) => item,
    prepare: async (item) => {
      if (item === 'long') return { claim: 0, kept: 0, seconds: 9, frames: 0, skip: 'too long' };
      return { claim: item === 'greedy' ? 10_000 : 10, kept: 0, seconds: 1, frames: 4 };
    },
    unit(item, { scope }: UnitContext<null>) {
      let left = 4;
      const reader = {
        next: async () => {
          onRead(item);
          const fault = fails[item];
          if (fault !== undefined && left === 2) throw fault;
          return left-- > 0 ? new Uint8Array(10) : undefined;
        },
      };
      return scope
        .source(() => reader, { name: 'read', cost: (bytes) => bytes.byteLength, estimate: 10 })
        .pipe(
          toArray(),
          map(() => oneRowUnit(item)),
        );
    },
  };
}

async function run(
  items: readonly string[],
  graph: Graph<string, UnitTable, null>,
  more: { store?: CommitStore; flow?: Flow; drain?: AbortSignal } = {},
) {
  const events: string[] = [];
  const flow = more.flow ?? new Flow(1000);
  const running = runLocally({
    ...{ graph, items, flow, concurrency: 2, services: async () => null },
    store: more.store ?? store,
    fingerprint: async (item) => `content of ${item}`,
    operators: { before: ['read'], commit: 'commit' },
    drain: more.drain,
    onEvent: (event: RunEvent<string>) => {
      if (event.type !== 'started' && event.type !== 'reached') events.push(`${event.item} ${event.type}`);
    },
  });
  return running.then(
    () => ({ events: events.sort(), error: undefined }),
    (error: Error) => ({ events: events.sort(), error }),
  );
}

describe('runLocally', () => {
  it('commits, skips, and buries; a second run finds all of it', async () => {
    const graph = graphOf({ b: new MediaError('corrupt', 'bits were flipped') });
    const items = ['a', 'b', 'c', 'long', 'greedy'];
    const first = await run(items, graph);
    expect(first).toEqual({
      events: ['a committed', 'b dead', 'c committed', 'greedy dead', 'long skipped'],
      error: undefined,
    });
    const letters = (await store.letters()).map(({ letter }) => [letter.item, letter.code, letter.stage]);
    expect(letters.sort()).toEqual([
      ['b', 'corrupt', 'decode'],
      ['greedy', 'budget-too-small', 'probe'],
    ]);
    const second = await run(items, graph);
    expect(second.events).toEqual(['a already-done', 'b dead', 'c already-done', 'greedy dead', 'long skipped']);
  });

  it('tries dead items again where `retry` says so, and forgets that a file was unreadable once it can be read', async () => {
    const unreadable = new MediaError('unreadable', 'no permission');
    const base = { services: async () => null, operators: { before: [], commit: 'commit' }, concurrency: 1, store };
    await runLocally({
      ...{ ...base, graph: graphOf(), items: ['a'], flow: new Flow(1000) },
      fingerprint: () => Promise.reject(unreadable),
    });
    expect(await store.letters()).toHaveLength(1);
    await run(['a', 'b'], graphOf({ b: new MediaError('corrupt', 'bits were flipped') }));
    expect((await store.letters()).map(({ letter }) => letter.item)).toEqual(['b']);
    const events: string[] = [];
    await runLocally({
      ...{ ...base, graph: graphOf(), items: ['a', 'b'], flow: new Flow(1000) },
      fingerprint: async (item) => `content of ${item}`,
      retry: (letter) => letter.code === 'corrupt',
      onEvent: (event) => {
        if (event.type === 'committed' || event.type === 'already-done') events.push(`${event.item} ${event.type}`);
      },
    });
    expect(events).toEqual(['a already-done', 'b committed']);
  });

  it('an item whose content cannot be had has a letter that says why until it can, and one that has changed is begun again', async () => {
    let changes = 0;
    const held: string[] = [];
    const more = {
      ...{ services: async () => null, operators: { before: [], commit: 'commit' }, concurrency: 1, store },
      ...{ graph: graphOf(), items: ['large', 'changed'], flow: new Flow(1000), retry: mayBeAnswered },
      fingerprint: async (item: string) => `content of ${item}, version ${item === 'changed' ? changes : 0}`,
    };
    await runLocally({
      ...more,
      hold: async (item) => {
        held.push(item);
        if (item === 'changed' && changes > 0) return async () => {};
        if (item === 'changed') changes += 1;
        throw new MediaError(item === 'large' ? 'too-large' : 'not-found', 'it cannot be copied');
      },
    });
    expect(held).toEqual(['large', 'changed', 'changed']);
    expect(await store.keys()).toHaveLength(1);
    const letters = (await store.letters()).map(({ letter }) => [letter.item, letter.code, letter.stage]);
    expect(letters).toEqual([['large', 'too-large', 'read']]);
    await runLocally({ ...more, hold: async () => async () => {} });
    expect([await store.letters(), (await store.keys()).length]).toEqual([[], 2]);
  });

  it('an unforeseen error costs its own item only, and its letter says what it was', async () => {
    const { events, error } = await run(['a', 'b'], graphOf({ a: new TypeError('x is undefined') }));
    expect(error).toBeUndefined();
    expect(events).toEqual(['a dead', 'b committed']);
    expect((await store.letters())[0]?.letter).toMatchObject({ code: 'internal', message: 'x is undefined' });
  });

  it('an error that would meet every item ends the run; what is committed stays', async () => {
    const graph = graphOf({ b: new SystemError('session', 'a thread died') });
    const { events, error } = await run(['a', 'b', 'c', 'd', 'e'], graph);
    expect(error).toBeInstanceOf(SystemError);
    expect(events).not.toContain('e committed');
    expect(await store.letters()).toEqual([]);
    expect(await store.keys()).toHaveLength(events.filter((event) => event.endsWith('committed')).length);
  });

  it('told to drain, it finishes what runs and starts nothing new', async () => {
    const drain = new AbortController();
    const begun = new Set<string>();
    const graph = graphOf({}, (item) => {
      if (begun.add(item).size === 2) drain.abort();
    });
    const running = await run(['a', 'b', 'c', 'd'], graph, { drain: drain.signal });
    expect(running.events).toEqual(['a committed', 'b committed']);
  });

  it('while a slow commit holds the units, it is the bottleneck and what comes before it is blocked', async () => {
    const slow = {
      facts: (key: string) => store.facts(key),
      retry: (keys: string[]) => store.retry(keys),
      letter: (key: string) => store.letter(key),
      refresh: () => store.refresh(),
      commit: async (key: string, unit: UnitTable) => {
        time.work(100);
        return store.commit(key, unit);
      },
    } as unknown as CommitStore;
    const time = VirtualTime.ofTest();
    const flow = new Flow(1000);
    const { error } = await time.until(run(['a', 'b', 'c', 'd'], graphOf(), { store: slow, flow }));
    expect(error).toBeUndefined();
    const clocks = new Map(flow.metrics().operators.map((operator) => [operator.name, operator]));
    const [read, commit] = [clocks.get('read'), clocks.get('commit')];
    if (read === undefined || commit === undefined) throw new Error('both operators have clocks');
    expect(commit.busySeconds).toBeGreaterThan(0.6 * commit.wallSeconds);
    expect(read.blockedSeconds).toBeGreaterThan(0.6 * read.wallSeconds);
    for (const { busySeconds, starvedSeconds, blockedSeconds, wallSeconds } of [read, commit]) {
      expect(busySeconds + starvedSeconds + blockedSeconds).toBeCloseTo(wallSeconds, 3);
    }
  });
});
