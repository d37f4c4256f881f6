import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Graph, graphId, unitKey } from '../../src/graphs/graph.ts';
import { listCorpus } from '../../src/graphs/inputs.ts';
import { runLocally } from '../../src/graphs/runners/local.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import { joinRows } from '../../src/io/dataset/join.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import type { Video } from '../../src/io/media/video.ts';
import { Flow } from '../../src/operators/flow.ts';

const ITEMS = 60;
const names = Array.from({ length: ITEMS }, (_, index) => `item-${String(index).padStart(3, '0')}`);

let directory: string;
const fileOf = (name: string) => join(directory, 'files', `${name}.mp4`);
const out = () => join(directory, 'features');

/** Long ago, so that what is read of it is remembered. */
function write(name: string, content: string, seconds = 1_000_000_000): void {
  writeFileSync(fileOf(name), content);
  utimesSync(fileOf(name), seconds, seconds);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-resume-'));
  mkdirSync(join(directory, 'files'));
  for (const name of names) write(name, name);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The one value of a unit is the length of its file. */
const graph: Graph<Video, UnitTable, null> = {
  ...{ name: 'length', version: 1, params: {}, nodes: [] },
  itemId: (video) => video.id,
  prepare: async () => ({ claim: 0, kept: 0, seconds: 1, frames: 1 }),
  unit: (video) => {
    const row = { stream: 'visual', statistic: 'mean', subclips: 1, subclip: 0, start: 0, end: 1, count: 1 } as const;
    return of(
      joinRows({
        itemId: video.id,
        seconds: 1,
        rows: [{ ...row, vector: Float32Array.of(statSync(video.path).size) }],
      }),
    );
  },
};

/**
 * A run over inputs; what happened to each item, those already done aside, and how many these were.
 */
async function run(inputs: readonly string[], options: { drainAfter?: number } = {}) {
  const { name, params } = graph;
  const dataset = await Dataset.open(out(), { graphId: graphId(graph), name, params, models: [] });
  const drain = new AbortController();
  const events: string[] = [];
  let done = 0;
  let read = 0;
  await runLocally<Video, null>({
    graph,
    items: await listCorpus({ inputs }),
    store: dataset.store,
    fingerprint: (video) => {
      read += 1;
      return dataset.fingerprint(video.path);
    },
    knownFingerprint: (video) => dataset.knownFingerprint(video.path),
    flow: new Flow('1MiB'),
    services: async () => null,
    concurrency: 3,
    drain: drain.signal,
    operators: { before: [], commit: 'commit' },
    onEvent: (event) => {
      if (event.type === 'already-done') done += 1;
      else if (event.type !== 'started') events.push(`${event.item.id} ${event.type}`);
      if (events.length === options.drainAfter) drain.abort();
    },
  });
  await dataset.close();
  return {
    events: events.sort(),
    done,
    read,
    counts: readDatasetFile(out()).counts,
    contents: readDatasetFile(out()).contents,
  };
}

async function vectorOf(name: string): Promise<number | undefined> {
  const { params } = graph;
  const dataset = await Dataset.open(out(), { graphId: graphId(graph), name: graph.name, params, models: [] });
  const [unit] = (await dataset.store.currentUnits()).filter(({ facts }) => facts.itemId === name);
  const table = unit && (await dataset.store.read(unit.key));
  await dataset.release();
  return table?.columns[0]?.values[0];
}

describe('a resume of a dataset of many items', () => {
  it('finds every one done, in whatever order the inputs are given, and asks for no file again', async () => {
    const first = await run([join(directory, 'files')]);
    expect([first.events.length, first.done, first.counts.videos]).toEqual([ITEMS, 0, ITEMS]);
    const given = names.map(fileOf);
    for (const inputs of [
      [join(directory, 'files')],
      given,
      given.toReversed(),
      [join(directory, 'files/*.mp4'), ...given],
    ]) {
      const again = await run(inputs);
      expect(again).toEqual({ ...first, events: [], done: ITEMS, read: 0 });
    }
  });

  it('finds the one whose content has changed, to the same length too, and the one that has become again what it was', async () => {
    await run([join(directory, 'files')]);
    write('item-023', 'ITEM-023', 1_000_000_001);
    write('item-050', 'another length');
    const changed = await run([join(directory, 'files')]);
    expect(changed.events).toEqual(['item-023 committed', 'item-050 committed']);
    expect([changed.done, changed.counts.videos]).toEqual([ITEMS - 2, ITEMS]);
    expect(await vectorOf('item-050')).toBe(14);
    write('item-050', 'item-050');
    const back = await run([join(directory, 'files')]);
    expect([back.events, back.done]).toEqual([[], ITEMS]);
    expect(await vectorOf('item-050')).toBe(8);
    expect((await run([join(directory, 'files')])).contents).toBe(back.contents);
  });

  it('continues after it was interrupted, again and again, and ends as a run that was not', async () => {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { events, done } = await run([join(directory, 'files')], { drainAfter: 10 });
      expect(events.length).toBeGreaterThanOrEqual(10);
      expect(events.length).toBeLessThan(20);
      expect(done).toBeGreaterThanOrEqual(10 * (attempt - 1));
    }
    const last = await run([join(directory, 'files')]);
    expect(last.events.length + last.done).toBe(ITEMS);
    const interrupted = { counts: last.counts, contents: last.contents };
    rmSync(out(), { recursive: true });
    const { counts, contents } = await run([join(directory, 'files')]);
    expect(interrupted).toEqual({ counts, contents });
  });

  it('computes again a unit that is damaged or gone', async () => {
    await run([join(directory, 'files')]);
    const dataset = await Dataset.open(out(), { graphId: graphId(graph), name: graph.name, params: {}, models: [] });
    const unitOf = async (name: string) =>
      dataset.store.unitPath(unitKey(graphId(graph), name, await dataset.fingerprint(fileOf(name))));
    truncateSync(await unitOf('item-007'), 100);
    rmSync(await unitOf('item-008'));
    await dataset.release();
    const again = await run([join(directory, 'files')]);
    expect(again.events).toEqual(['item-007 committed', 'item-008 committed']);
    expect(again.counts.videos).toBe(ITEMS);
  });

  it('forgets that a file could not be read, once it can be read again', async () => {
    await run([join(directory, 'files')]);
    rmSync(fileOf('item-042'));
    mkdirSync(fileOf('item-042'));
    expect((await run(names.map(fileOf).filter((path) => path !== fileOf('item-042')))).counts.dead).toBe(0);
    const dataset = await Dataset.open(out(), { graphId: graphId(graph), name: graph.name, params: {}, models: [] });
    const letter = { item: 'item-042', code: 'unreadable', stage: 'read', message: 'gone', decoderLines: [] };
    await dataset.store.record(unitKey(graphId(graph), 'item-042', 'unreadable'), letter);
    await dataset.close();
    expect(readDatasetFile(out()).counts.dead).toBe(1);
    rmSync(fileOf('item-042'), { recursive: true });
    write('item-042', 'item-042');
    const again = await run([join(directory, 'files')]);
    expect([again.done, again.counts.dead]).toEqual([ITEMS, 0]);
  });

  it('is not misled by hashes or facts that are half written', async () => {
    const first = await run([join(directory, 'files')]);
    for (const file of ['_fingerprints.txt', '_index.txt']) {
      const whole = readFileSync(join(out(), file), 'latin1');
      appendFileSync(join(out(), file), whole.slice(0, 50));
    }
    write('item-010', 'item-010 has changed');
    const again = await run([join(directory, 'files')]);
    expect(again.events).toEqual(['item-010 committed']);
    expect(again.counts).toEqual(first.counts);
  });
});
