import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FlowError } from '../../src/core/errors.ts';
import { Gate } from '../../src/core/gate.ts';
import { type Graph, PlanOutdated, type UnitPlan } from '../../src/graphs/graph.ts';
import { runLocally } from '../../src/graphs/runners/local.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { joinRows } from '../../src/io/dataset/join.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import { Flow } from '../../src/operators/flow.ts';

const MiB = 2 ** 20;
let directory: string;
let store: CommitStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-admission-'));
  store = await CommitStore.open(directory);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What an item says that it needs, in MiB. */
interface Said {
  readonly claim: number;
  readonly decoders: number;
  readonly skip?: string;
}

/**
 * What ran beside what: of every moment at which an item began, the MiB of all decoders, and the
 * budget that it was given. An item that turns out to be other than it said does so when it is
 * computed, once for each of `turnsOut`.
 */
async function run(
  needs: Readonly<Record<string, Said & { holds?: number; turnsOut?: readonly Said[] }>>,
  memory: { limit: number; budget: number; decoders: number; alone: number },
) {
  const running = new Set<string>();
  const begun: { item: string; decoders: number; budget: number }[] = [];
  const skipped: string[] = [];
  const outdated = new Map<string, number>();
  const saidOf = (item: string): Said => {
    const { turnsOut = [], ...first } = needs[item] ?? { claim: 0, decoders: 0 };
    return [first, ...turnsOut][outdated.get(item) ?? 0] as Said;
  };
  const graph: Graph<string, UnitTable, null> = {
    ...{ name: 'test', version: 1, params: {}, nodes: [] },
    itemId: (item) => item,
    prepare: async (item): Promise<UnitPlan> => {
      const { claim, decoders, skip } = saidOf(item);
      const plan = { claim: claim * MiB, kept: 0, seconds: 1, frames: 1, decoders: decoders * MiB };
      return skip === undefined ? plan : { ...plan, skip };
    },
    unit: (item, { scope, mayReplan }) =>
      defer(async () => {
        running.add(item);
        const decoders = [...running].reduce((sum, each) => sum + saidOf(each).decoders, 0);
        begun.push({ item, decoders, budget: scope.flow.budget / MiB });
        await new Promise((resolve) => setTimeout(resolve, 5));
        running.delete(item);
        const before = outdated.get(item) ?? 0;
        if (mayReplan && before < (needs[item]?.turnsOut?.length ?? 0)) {
          outdated.set(item, before + 1);
          throw new PlanOutdated('it is longer than it said');
        }
        if ((needs[item]?.holds ?? 0) * MiB > scope.flow.budget) throw new FlowError('budget-too-small', 'needs more');
        const row = {
          stream: 'visual',
          statistic: 'mean',
          subclips: 1,
          subclip: 0,
          start: 0,
          end: 1,
          count: 1,
        } as const;
        return joinRows({ itemId: item, seconds: 1, rows: [{ ...row, vector: Float32Array.of(1) }] });
      }),
  };
  await runLocally({
    ...{ graph, items: Object.keys(needs), store, services: async () => null, concurrency: 4 },
    fingerprint: async (item) => item,
    flow: new Flow(memory.budget * MiB),
    memory: {
      ...{ limit: memory.limit * MiB, decoders: memory.decoders * MiB, alone: memory.alone * MiB },
      flow: (budget) => new Flow(budget),
    },
    operators: { before: [], commit: 'commit' },
    onEvent: (event) => {
      if (event.type === 'skipped') skipped.push(`${event.item}: ${event.reason}`);
    },
  });
  return Object.assign(begun, { skipped });
}

it('decoders run beside each other only as far as there is memory for them, whatever the sample made expect', async () => {
  const sizes = [60, 60, 200, 60, 120, 60, 200, 60];
  const needs = Object.fromEntries(sizes.map((decoders, index) => [`v${index}`, { claim: 1, decoders }]));
  const begun = await run(needs, { limit: 1000, budget: 50, decoders: 240, alone: 290 });
  expect(begun).toHaveLength(8);
  for (const { decoders, budget } of begun) {
    expect(decoders).toBeLessThanOrEqual(240);
    expect(budget).toBe(50);
  }
});

it('an item whose decoders, or whose claim, are larger than planned runs alone, with all that is left', async () => {
  const needs = {
    a: { claim: 1, decoders: 60 },
    eightK: { claim: 10, decoders: 500 },
    b: { claim: 1, decoders: 60 },
    long: { claim: 400, decoders: 60 },
    c: { claim: 1, decoders: 60 },
  };
  const begun = await run(needs, { limit: 1000, budget: 50, decoders: 120, alone: 600 });
  const of = (name: string) => begun.find(({ item }) => item === name);
  expect(of('eightK')).toEqual({ item: 'eightK', decoders: 500, budget: 100 });
  expect(of('long')).toEqual({ item: 'long', decoders: 60, budget: 540 });
  expect(begun).toHaveLength(5);
  expect(await store.letters()).toEqual([]);
});

it('one that fits not even alone is a letter that names the limit that would do', async () => {
  const needs = { giant: { claim: 700, decoders: 100 }, a: { claim: 1, decoders: 60 } };
  const begun = await run(needs, { limit: 1000, budget: 50, decoders: 120, alone: 600 });
  expect(begun.map(({ item }) => item)).toEqual(['a']);
  const [{ letter } = { letter: undefined }] = await store.letters();
  expect(letter).toMatchObject({ item: 'giant', code: 'budget-too-small', stage: 'probe' });
  // 1,000 less the 600 that are left for one alone, and 800 for this one.
  expect(letter?.remedy).toContain("`memory: '1200MiB'`");
  expect(letter?.message).toContain('700 MiB');
});

it('one that holds more than it claimed is tried again alone, and then only is it a letter', async () => {
  const needs = { bunched: { claim: 10, decoders: 60, holds: 300 }, worse: { claim: 10, decoders: 60, holds: 3000 } };
  const begun = await run(needs, { limit: 1000, budget: 50, decoders: 120, alone: 600 });
  expect(begun.filter(({ item }) => item === 'bunched').map(({ budget }) => budget)).toEqual([50, 540]);
  expect((await store.letters()).map(({ letter }) => `${letter.item} ${letter.code}`)).toEqual([
    'worse budget-too-small',
  ]);
});

it('an item that turns out to be other than it said is admitted by what it really needs, skipped, or a letter', async () => {
  const small = { claim: 10, decoders: 60 };
  const needs = {
    grown: { ...small, turnsOut: [{ claim: 300, decoders: 100 }] },
    tooLong: { ...small, turnsOut: [{ ...small, skip: 'lasts too long' }] },
    giant: { ...small, turnsOut: [{ claim: 700, decoders: 100 }] },
    twice: { ...small, turnsOut: [small, { claim: 400, decoders: 60 }] },
    never: { ...small, turnsOut: [small, small, small, small] },
  };
  const begun = await run(needs, { limit: 1000, budget: 50, decoders: 120, alone: 600 });
  const budgetsOf = (name: string) => begun.filter(({ item }) => item === name).map(({ budget }) => budget);
  expect(budgetsOf('grown')).toEqual([50, 500]);
  expect(budgetsOf('tooLong')).toEqual([50]);
  expect(begun.skipped).toEqual(['tooLong: lasts too long']);
  expect(budgetsOf('giant')).toEqual([50]);
  expect(budgetsOf('twice')).toEqual([50, 50, 540]);
  expect(budgetsOf('never')).toEqual([50, 50, 50]);
  expect(await store.keys()).toHaveLength(3);
  const [{ letter } = { letter: undefined }, ...others] = await store.letters();
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ item: 'giant', code: 'budget-too-small', stage: 'probe' });
  expect(letter?.remedy).toContain("`memory: '1200MiB'`");
});

it('whoever waits at the gate leaves it when the run is stopped, and holds up nobody', async () => {
  const gate = new Gate(100);
  const never = new AbortController().signal;
  const leave = await gate.enter(80, never);
  const stop = new AbortController();
  const stopped = gate.enter('alone', stop.signal);
  let entered = false;
  const waiting = gate.enter(20, never).then((next) => {
    entered = true;
    return next;
  });
  await new Promise(setImmediate);
  expect(entered).toBe(false);
  stop.abort();
  await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  (await waiting)();
  leave();
  (await gate.enter('alone', never))();
});
