import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rowsOfCorpus } from '../../src/graphs/dataflow/nodes.ts';
import { type ExtractionOptions, extractionGraph } from '../../src/graphs/extraction.ts';
import { graphId } from '../../src/graphs/graph.ts';
import { network } from '../../src/graphs/named-network.ts';
import { reduceDataset } from '../../src/graphs/reduction/reduce-dataset.ts';
import { graphFrom } from '../../src/graphs/spec/graph-from.ts';
import { readSpec } from '../../src/graphs/spec/graph-spec.ts';
import { writeDataset } from '../../src/graphs/write-dataset.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import { ItemStore } from '../../src/io/dataset/item-store.ts';
import { Video } from '../../src/io/media/video.ts';
import { makeClip } from '../fixtures/clips.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let out: string;
let visual: string;
let audio: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-fixed-length-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  await makeClip(join(clips, 'heat.mp4'), { seconds: 2 });
  await makeClip(join(clips, 'alien.mp4'), { seconds: 3.2 });
  visual = writeTinyVisual(directory);
  audio = writeTinyAudio(directory);
});
beforeEach(() => {
  out = mkdtempSync(join(directory, 'out-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = { memory: '1GiB', onMessage: () => {}, device: 'cpu' } as const;

const graph = (options: Partial<ExtractionOptions> = {}) =>
  extractionGraph({
    visual: network<Uint8Array>(visual),
    audio: network<Float32Array>(audio),
    subclips: [2],
    subclipSeconds: [1, 0.5],
    statistics: ['mean', 'medmad'],
    fps: 10,
    ...options,
  });

async function query(sql: string): Promise<string[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  return rows.map((row) => row.join(' '));
}

const unitsOf = (dataset: string) =>
  new Map(
    readdirSync(join(dataset, '_units'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );

describe('a dataset of subclips of fixed length', () => {
  it('has a table for each length beside those of equal parts, with as many rows as items are long', async () => {
    await writeDataset(out, clips, { ...run, graph: graph() });
    expect(readDatasetFile(out).tables.map(({ path, subclips, rows }) => [path, subclips, rows])).toEqual([
      ['subclips=2/aggregate=mean', 2, 4],
      ['subclips=2/aggregate=medmad', 2, 4],
      ['subclips=0.5s/aggregate=mean', '0.5s', 11],
      ['subclips=0.5s/aggregate=medmad', '0.5s', 11],
      ['subclips=1s/aggregate=mean', '1s', 6],
      ['subclips=1s/aggregate=medmad', '1s', 6],
    ]);
    const table = `read_parquet('${out}/subclips=*/aggregate=*/*.parquet', hive_partitioning = true)`;
    expect(
      await query(`SELECT item_id, subclip, "start", "end", frames, patches, len(visual) > 0, len(audio) > 0
        FROM ${table} WHERE subclips = '1s' AND aggregate = 'mean' ORDER BY item_id, subclip`),
    ).toEqual([
      'alien 0 0 1 10 2 true true',
      'alien 1 1 2 10 1 true true',
      'alien 2 2 3 10 0 true true',
      'alien 3 3 3.2 2 0 true true',
      'heat 0 0 1 10 2 true true',
      'heat 1 1 2 10 0 true true',
    ]);
    expect(await query(`SELECT DISTINCT typeof(subclips), subclips FROM ${table} ORDER BY 2`)).toEqual([
      'VARCHAR 0.5s',
      'VARCHAR 1s',
      'VARCHAR 2',
    ]);
  });

  it('has the same bytes at any concurrency', async () => {
    const [one, two] = [join(out, 'one'), join(out, 'two')];
    await writeDataset(one, clips, { ...run, graph: graph(), concurrency: 1, batch: 2 });
    await writeDataset(two, clips, { ...run, graph: graph(), concurrency: 2, batch: 7 });
    expect(unitsOf(one)).toEqual(unitsOf(two));
    expect(unitsOf(one).size).toBe(2);
    for (const { path } of readDatasetFile(one).tables) {
      const part = join(path, 'part-00000.parquet');
      expect(readFileSync(join(one, part)).equals(readFileSync(join(two, part)))).toBe(true);
    }
  });

  it('keeps in its spec what makes the same graph, which is another than that of other lengths', async () => {
    await writeDataset(out, join(clips, 'heat.mp4'), { ...run, graph: graph() });
    const again = await graphFrom(await readSpec(out), { weights: directory });
    expect(graphId(again)).toBe(graphId(graph()));
    expect(graphId(graph({ subclipSeconds: [1] }))).not.toBe(graphId(graph()));
    expect(graphId(graph({ subclipSeconds: [] }))).toBe(graphId(graph({ subclipSeconds: undefined })));
    const alone = graph({ subclips: undefined, subclipSeconds: [5] });
    expect(alone.params).toMatchObject({ subclips: [], subclipSeconds: [5] });
    expect(alone.nodes.find(({ id }) => id === 'subclips-visual')).toMatchObject({
      does: 'mean, medmad over subclips of 5 s',
      shape: ['?', 18],
    });
    expect(graph().nodes.find(({ id }) => id === 'subclips-audio')?.does).toBe(
      'mean, medmad over 2 subclips and subclips of 0.5 s, 1 s',
    );
  });

  it('plans the rows that a video of its length has', async () => {
    const claims = async (options: Partial<ExtractionOptions>) => {
      const signal = new AbortController().signal;
      const one = graph({ subclips: undefined, statistics: ['mean'], ...options });
      return (await one.prepare(new Video(join(clips, 'alien.mp4')), signal)).kept;
    };
    expect(await claims({ subclipSeconds: [0.1] })).toBeGreaterThan(await claims({ subclipSeconds: [1] }));
    expect(await claims({ subclipSeconds: [0.8] })).toBeLessThanOrEqual(
      await claims({ subclips: [4], subclipSeconds: undefined }),
    );
  });

  it('counts the rows of a corpus by its seconds, to say what room they take', () => {
    const rows = (options: Partial<ExtractionOptions>) => rowsOfCorpus(graph(options).trace, 2, 8);
    expect(rows({ subclips: [2], subclipSeconds: undefined })).toBe(4);
    expect(rows({ subclips: undefined, subclipSeconds: [1] })).toBe(2 + 8);
    expect(rows({ subclips: [2, 3], subclipSeconds: [1, 0.5] })).toBe(10 + (2 + 8) + (2 + 16));
  });

  it('is compacted again without a trace of what was cut otherwise before', async () => {
    await writeDataset(out, clips, { ...run, graph: graph() });
    mkdirSync(join(out, 'subclips=7s/aggregate=mean'), { recursive: true });
    await compact(out);
    expect(readdirSync(out).filter((name) => name.startsWith('subclips'))).toEqual([
      'subclips=0.5s',
      'subclips=1s',
      'subclips=2',
    ]);
  });
});

describe('reducing subclips of fixed length', () => {
  it('gives units and tables, and no training store where items have different numbers of them', async () => {
    const [features, reduced, said] = [join(out, 'features'), join(out, 'reduced'), [] as string[]];
    await writeDataset(features, clips, { ...run, graph: graph() });
    const choice = { input: features, out: reduced, subclipSeconds: 0.5, statistic: 'mean', components: 2 } as const;
    const done = await reduceDataset({ ...choice, onMessage: (message) => said.push(message) });
    expect(done).toMatchObject({ rows: 11, items: 0, files: expect.not.arrayContaining(['_training.arrow']) });
    expect(said).toEqual([expect.stringContaining('these have from 4 to 7 (0.5s)')]);
    expect(existsSync(join(reduced, '_training.arrow'))).toBe(false);
    expect(readDatasetFile(reduced).tables.map(({ path, rows }) => [path, rows])).toEqual([
      ['subclips=0.5s/aggregate=mean', 11],
    ]);
    expect(await reduceDataset(choice)).toMatchObject({ alreadyDone: 2 });
  });

  it('gives a training store where all items have equally many', async () => {
    const [features, reduced] = [join(out, 'features'), join(out, 'reduced')];
    await writeDataset(features, join(clips, 'heat.mp4'), { ...run, graph: graph() });
    await reduceDataset({ input: features, out: reduced, subclipSeconds: 1, statistic: 'mean', column: 'none' });
    const store = await ItemStore.open(reduced);
    expect(store.shape.subclips).toBe(2);
    await store.close();
  });

  it('names the lengths there are where none is chosen', async () => {
    await writeDataset(out, join(clips, 'heat.mp4'), { ...run, graph: graph({ statistics: ['mean'] }) });
    await expect(reduceDataset({ input: out, out: join(out, 'reduced') })).rejects.toMatchObject({
      remedy:
        "Choose one of: `subclips: 2, statistic: 'mean'`; `subclipSeconds: 0.5, statistic: 'mean'`; `subclipSeconds: 1, statistic: 'mean'`.",
    });
  });
});
