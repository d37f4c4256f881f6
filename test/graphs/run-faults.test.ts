import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowError, MediaError, SystemError, UsageError } from '../../src/core/errors.ts';
import type { Graph } from '../../src/graphs/graph.ts';
import { type LocalRun, type RunEvent, runLocally } from '../../src/graphs/runners/local.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import type { UnitStore } from '../../src/io/dataset/unit-store.ts';
import { Flow } from '../../src/operators/flow.ts';
import { oneRowUnit } from '../fixtures/one-row-unit.ts';

let directory: string;
let store: CommitStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-faults-'));
  store = await CommitStore.open(directory);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A graph over names, whose units are made by `unit`. */
function graphOf(unit: (item: string) => UnitTable | Promise<UnitTable>): Graph<string, UnitTable, null> {
  return {
    ...{ name: 'test', version: 1, params: {}, nodes: [] },
    itemId: (item) => item,
    prepare: async () => ({ claim: 10, kept: 0, seconds: 1, frames: 1 }),
    unit: (item) => defer(async () => unit(item)),
  };
}

async function run(more: Partial<LocalRun<string, null>>) {
  const events: RunEvent<string>[] = [];
  const running = runLocally<string, null>({
    ...{ graph: graphOf(oneRowUnit), items: ['a', 'b', 'c'], flow: new Flow(1000), concurrency: 1, store },
    services: async () => null,
    fingerprint: async (item) => `content of ${item}`,
    operators: { before: [], commit: 'commit' },
    onEvent: (event) => {
      if (event.type !== 'started' && event.type !== 'reached') events.push(event);
    },
    ...more,
  });
  const error: unknown = await running.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return { error, events: events.map((event) => `${event.item} ${event.type}`) };
}

/** The store, with other functions of its own. */
function storeWith(other: Partial<UnitStore>): UnitStore {
  return {
    has: (key) => store.has(key),
    facts: (key) => store.facts(key),
    keys: () => store.keys(),
    letter: (key) => store.letter(key),
    letters: () => store.letters(),
    retry: (keys) => store.retry(keys),
    commit: (key, unit) => store.commit(key, unit),
    record: (key, letter) => store.record(key, letter),
    makeCurrent: (itemId, key) => store.makeCurrent(itemId, key),
    isCurrent: (itemId, key) => store.isCurrent(itemId, key),
    hasLetter: (key) => store.hasLetter(key),
    hasLetters: () => store.hasLetters(),
    refresh: () => store.refresh(),
    ...other,
  };
}

const letters = async () => (await store.letters()).map(({ letter }) => `${letter.item} ${letter.code}`);

function systemError(code: string, syscall = 'open'): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: no, ${syscall}`), { code, syscall, errno: -1 });
}

describe('who may end a run', () => {
  it('whatever the operating system refuses ends it with a remedy, and condemns nobody', async () => {
    for (const code of ['ENOENT', 'EADDRINUSE', 'EIO', 'EMFILE', 'ENOMEM', 'EPROTO']) {
      const graph = graphOf((item) => {
        if (item === 'b') throw systemError(code);
        return oneRowUnit(item);
      });
      const { error } = await run({ graph });
      expect(error).toBeInstanceOf(SystemError);
      expect((error as SystemError).remedy).toContain('run it again');
      expect((error as SystemError).code).toBe(code === 'EMFILE' ? 'open-files' : 'system');
      expect(await letters()).toEqual([]);
    }
    const { events } = await run({});
    expect(events).toEqual(['a already-done', 'b committed', 'c committed']);
  });

  it('want of open files ends it even where it looks like a file that cannot be read', async () => {
    const fingerprint = async (item: string): Promise<string> => {
      if (item !== 'b') return item;
      throw new MediaError('unreadable', 'b cannot be read', { cause: systemError('EMFILE') });
    };
    expect((await run({ fingerprint })).error).toMatchObject({ code: 'open-files' });
    expect(await letters()).toEqual([]);
    const forbidden = async (item: string): Promise<string> => {
      if (item !== 'b') return item;
      throw new MediaError('unreadable', 'b cannot be read', { cause: systemError('EACCES') });
    };
    const { error, events } = await run({ fingerprint: forbidden });
    expect(error).toBeUndefined();
    expect(events).toEqual(['a already-done', 'b dead', 'c committed']);
    expect(await letters()).toEqual(['b unreadable']);
  });

  it('the class of an error does not decide: what comes of one item is its letter', async () => {
    const faults: Record<string, Error> = {
      a: new UsageError('`duration` must be a number above 0, but is 0'),
      b: new RangeError('offset is out of bounds'),
      c: new FlowError('batch-result', 'row 3 is not finite'),
    };
    const graph = graphOf((item) => {
      throw faults[item];
    });
    const { error, events } = await run({ graph });
    expect(error).toBeUndefined();
    expect(events).toEqual(['a dead', 'b dead', 'c dead']);
    expect((await letters()).sort()).toEqual(['a usage', 'b internal', 'c batch-result']);
  });

  it('services that cannot be had end it, whatever they fail with', async () => {
    for (const failure of [new Error('no device'), new MediaError('corrupt', 'a weight file'), new TypeError('x')]) {
      expect((await run({ services: () => Promise.reject(failure) })).error).toBe(failure);
      expect(await letters()).toEqual([]);
    }
  });

  it('a listener that throws spoils nothing: its fault is a warning', async () => {
    const warnings: string[] = [];
    const warned = (warning: Error) => void warnings.push(`${warning.name}: ${warning.message}`);
    process.on('warning', warned);
    const onEvent = () => {
      throw new Error('progress bar bug');
    };
    expect((await run({ onEvent })).error).toBeUndefined();
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(await store.keys()).toHaveLength(3);
    expect(await letters()).toEqual([]);
    expect(warnings).toEqual(['ReelflowListenerWarning: `onEvent` failed: progress bar bug']);
  });

  it('units that the format cannot hold are letters of their items', async () => {
    const commit = () => Promise.reject(new RangeError('Array buffer allocation failed'));
    const { error, events } = await run({ store: storeWith({ commit }), items: ['a'] });
    expect(error).toBeUndefined();
    expect(events).toEqual(['a dead']);
  });
});

describe('a list that waits for its items', () => {
  /** Two items, then nothing for ever; tells when it was closed. */
  function queue() {
    const state = { closed: false };
    async function* items() {
      try {
        yield 'a';
        yield 'b';
        await new Promise(() => {});
      } finally {
        state.closed = true;
      }
    }
    return { state, items };
  }

  it('holds up neither a drain nor an abort', async () => {
    for (const how of ['drain', 'signal'] as const) {
      const stop = new AbortController();
      let committed = 0;
      const onEvent = (event: RunEvent<string>) => {
        if ((event.type === 'committed' || event.type === 'already-done') && ++committed === 2) stop.abort();
      };
      const { error } = await run({ items: queue().items(), [how]: stop.signal, onEvent, concurrency: 2 });
      expect(error).toBeUndefined();
      expect(committed).toBe(2);
    }
  });

  it('does not hide the fault of a worker while another one waits', async () => {
    const graph = graphOf((item) => {
      throw item === 'b' ? systemError('EIO') : new MediaError('corrupt', 'damaged');
    });
    expect((await run({ items: queue().items(), graph, concurrency: 4 })).error).toMatchObject({ code: 'system' });
  });

  it('is closed when the run ends, by its end, a fault or a stop', async () => {
    for (const kind of ['end', 'fault', 'stop']) {
      const stop = new AbortController();
      let closed = false;
      const items = async function* () {
        try {
          yield 'a';
          if (kind === 'end') return;
          for (;;) yield 'b';
        } finally {
          closed = true;
        }
      };
      const graph = graphOf((item) => {
        if (kind === 'fault') throw systemError('EIO');
        if (item === 'b') stop.abort();
        return oneRowUnit(item);
      });
      await run({ items: items(), graph, signal: stop.signal });
      expect(closed).toBe(true);
    }
  });

  it('that fails ends the run with its error', async () => {
    const items = async function* () {
      yield 'a';
      throw new Error('the queue is gone');
    };
    expect((await run({ items: items() })).error).toMatchObject({ message: 'the queue is gone' });
  });
});

describe('an item that changes while it is computed', () => {
  it('is computed again, and committed under the hash of what it is now', async () => {
    const contents = ['first half', 'whole', 'whole', 'whole'];
    let asked = 0;
    const made: string[] = [];
    const graph = graphOf((item) => {
      made.push(item);
      return oneRowUnit(item);
    });
    const fingerprint = async () => contents[asked++] as string;
    const { events } = await run({ items: ['a'], graph, fingerprint });
    expect(events).toEqual(['a committed']);
    expect(made).toEqual(['a', 'a']);
    expect(await store.keys()).toHaveLength(1);
    const again = await run({ items: ['a'], graph, fingerprint: async () => 'whole' });
    expect(again.events).toEqual(['a already-done']);
  });

  it('is not condemned for what it was: a fault of the half file is not a letter of the whole one', async () => {
    const contents = ['first half', 'whole', 'whole', 'whole'];
    let asked = 0;
    let tries = 0;
    const graph = graphOf((item) => {
      tries += 1;
      if (tries === 1) throw new MediaError('truncated', 'ends early');
      return oneRowUnit(item);
    });
    const { events } = await run({ items: ['a'], graph, fingerprint: async () => contents[asked++] as string });
    expect(events).toEqual(['a committed']);
    expect(await letters()).toEqual([]);
  });

  it('and never stops changing is unreadable, and tried again by the next run', async () => {
    let asked = 0;
    const fingerprint = async () => String(asked++);
    const { events } = await run({ items: ['a'], fingerprint });
    expect(events).toEqual(['a dead']);
    expect(await letters()).toEqual(['a unreadable']);
    expect(await store.keys()).toEqual([]);
    expect((await run({ items: ['a'] })).events).toEqual(['a committed']);
    expect(await letters()).toEqual([]);
  });
});

it('a stop reaches whoever reads content for its hash', async () => {
  const stop = new AbortController();
  const fingerprint = (_: string, signal: AbortSignal) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => reject(new FlowError('aborted', 'stopped')));
      stop.abort();
    });
  expect((await run({ fingerprint, signal: stop.signal })).error).toBeUndefined();
  expect(await letters()).toEqual([]);
});

it('another process that was faster is seen before anything is decoded', async () => {
  const decoded: string[] = [];
  const graph = graphOf((item) => {
    decoded.push(item);
    return oneRowUnit(item);
  });
  const elsewhere = await CommitStore.open(directory);
  let key = '';
  const found = storeWith({
    facts: (asked) => {
      key = asked;
      return store.facts(asked);
    },
  });
  // While the services open, the other one commits the unit.
  const services = async () => {
    await elsewhere.commit(key, oneRowUnit('a'));
    return null;
  };
  const { events } = await run({ store: found, graph, services, items: ['a'] });
  expect(events).toEqual(['a already-done']);
  expect(decoded).toEqual([]);
});
