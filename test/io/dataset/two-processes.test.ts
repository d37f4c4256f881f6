import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parquetMetadata } from 'hyparquet';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile, updateDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { temporaryDirectory as sharedDirectory } from '../../fixtures/clips.ts';
import { compileChild } from '../../fixtures/compile-child.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';

const CHILD = fileURLToPath(new URL('./two-processes-child.ts', import.meta.url));
const PARQUET_WORKER = fileURLToPath(new URL('../../../src/io/dataset/parquet-worker.js', import.meta.url));
// Processes take their time to start on a machine that is busy.
vi.setConfig({ testTimeout: 240_000 });
const running = new Set<ChildProcess>();
let script: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  const place = await sharedDirectory();
  remove = place.remove;
  script = await compileChild(place.path, CHILD, [PARQUET_WORKER]);
});

afterAll(() => remove());

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

interface Child {
  readonly process: ChildProcess;
  /** Lets it begin. */
  go(): void;
  /** What it says at its end. */
  readonly report: Promise<{ videos: number; items: number; done: number }>;
}

/** Starts a child; resolves when it has opened the dataset. */
async function start(directory: string, what: string, first: number, count: number): Promise<Child> {
  const child = spawn(process.execPath, [script, directory, what, String(first), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  const report = lines.next().then(({ value }) => {
    if (value === undefined) throw new Error('the child ended without a report');
    return JSON.parse(value);
  });
  report.catch(() => undefined);
  return { process: child, go: () => child.stdin.write('go\n'), report };
}

const TABLE = join('subclips=1', 'aggregate=mean');

function rowsOf(directory: string): number {
  const bytes = readFileSync(join(directory, TABLE, 'part-00000.parquet'));
  const { num_rows: rows } = parquetMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  );
  return Number(rows);
}

test('a compaction that is overtaken does not replace the newer tables', async () => {
  let overtaken = false;
  for (let attempt = 0; attempt < 5 && !overtaken; attempt += 1) {
    const directory = join(await temporaryDirectory(), 'features');
    const slow = await start(directory, 'work', 0, 60);
    slow.go();
    const isWriting = () =>
      existsSync(join(directory, TABLE)) &&
      readdirSync(join(directory, TABLE)).some((name) => name.startsWith('.tmp-')) &&
      !existsSync(join(directory, TABLE, 'part-00000.parquet'));
    while (!isWriting() && !existsSync(join(directory, TABLE, 'part-00000.parquet'))) await new Promise(setImmediate);
    slow.process.kill('SIGSTOP');
    overtaken = isWriting();
    if (overtaken) {
      const fast = await start(directory, 'work', 60, 10);
      fast.go();
      expect(await fast.report).toMatchObject({ videos: 70, items: 70 });
    }
    slow.process.kill('SIGCONT');
    const { items } = await slow.report;
    if (!overtaken) continue;
    expect(items).toBe(70);
    expect(rowsOf(directory)).toBe(70);
    expect(readDatasetFile(directory)).toMatchObject({ counts: { videos: 70 }, tables: [{ items: 70, rows: 70 }] });
    expect(readdirSync(join(directory, TABLE))).toEqual(['part-00000.parquet']);
  }
  expect(overtaken).toBe(true);
});

test('processes that commit, close and compact at once lose nothing of each other', async () => {
  for (let round = 0; round < 2; round += 1) {
    const directory = join(await temporaryDirectory(), 'features');
    const children = await Promise.all([0, 1, 2].map((index) => start(directory, 'work', 8 * index, 8 + round)));
    for (const child of children) child.go();
    for (const { items } of await Promise.all(children.map(({ report }) => report))) {
      expect(items).toBeGreaterThanOrEqual(8 + round);
    }
    const { counts, tables } = readDatasetFile(directory);
    expect(counts.videos).toBe(24 + round);
    // Whoever publishes last has all that is there by then.
    expect(tables[0]?.items).toBe(rowsOf(directory));
    const [table] = await compact(directory);
    expect(table?.items).toBe(24 + round);
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
  }
});

test('processes that raise the same letters and set the same damage aside do not trip over each other', async () => {
  const directory = join(await temporaryDirectory(), 'features');
  const dataset = await Dataset.open(directory, { graphId: 'g1', name: 'extraction', params: {}, models: [] });
  const letter = { code: 'truncated', stage: 'decode', message: 'ends early', decoderLines: [] };
  for (let index = 0; index < 100; index += 1) {
    await dataset.store.record(keyOf(index), { ...letter, item: `dead-${index}` });
    await dataset.store.commit(keyOf(200 + index), unitTable({ itemId: `item-${index}` }));
    writeFileSync(dataset.store.unitPath(keyOf(200 + index)), 'damaged');
  }
  await dataset.close();
  for (const [what, first] of [
    ['raise', 0],
    ['aside', 200],
  ] as const) {
    const children = await Promise.all([1, 2, 3].map(() => start(directory, what, first, 100)));
    for (const child of children) child.go();
    const reports = await Promise.all(children.map(({ report }) => report));
    if (what === 'raise') expect(reports.reduce((sum, { done }) => sum + done, 0)).toBe(100);
    else expect(reports.map(({ done }) => done)).toEqual([100, 100, 100]);
  }
  expect(readDatasetFile(directory).counts).toMatchObject({ videos: 0, dead: 0 });
});

test('changes of _dataset.json by many at once are all there, one generation each', async () => {
  const directory = join(await temporaryDirectory(), 'features');
  await Dataset.open(directory, { graphId: 'g1', name: 'extraction', params: {}, models: [] });
  const before = readDatasetFile(directory).generation ?? 0;
  const count = (index: number) =>
    updateDatasetFile(directory, async (file) => {
      const { dead } = file.counts;
      await new Promise((resolve) => setTimeout(resolve, index % 3));
      return { ...file, counts: { ...file.counts, dead: dead + 1 } };
    });
  await Promise.all(Array.from({ length: 20 }, (_, index) => count(index)));
  const after = readDatasetFile(directory);
  expect(after.counts.dead).toBe(20);
  expect(after.generation).toBe(before + 20);
  await updateDatasetFile(directory, async (file) => ({ ...file }));
  expect(readDatasetFile(directory).generation).toBe(before + 20);
});

test('a lock that a killed process left is taken over, and one that shows signs of life is not', async () => {
  const directory = join(await temporaryDirectory(), 'features');
  await Dataset.open(directory, { graphId: 'g1', name: 'extraction', params: {}, models: [] });
  writeFileSync(join(directory, '.lock'), 'somebody');
  await updateDatasetFile(directory, async (file) => ({ ...file, counts: { ...file.counts, dead: 7 } }));
  expect(readDatasetFile(directory).counts.dead).toBe(7);
  expect(existsSync(join(directory, '.lock'))).toBe(false);

  let inside = 0;
  const long = updateDatasetFile(directory, async () => {
    inside += 1;
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(inside).toBe(1);
    inside -= 1;
    return undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const other = updateDatasetFile(directory, async () => {
    expect(inside).toBe(0);
    return undefined;
  });
  await Promise.all([long, other]);
});
