import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyseFeatures, plannedAnalysis } from '../../src/graphs/analysis/analyse-features.ts';
import { searchFeatures } from '../../src/graphs/analysis/search-features.ts';
import { extract } from '../../src/graphs/extract.ts';
import { prune } from '../../src/graphs/prune.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { serve } from '../../src/graphs/serve/serve.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import { ItemStore } from '../../src/io/dataset/item-store.ts';
import { datasetItems, datasetStatus } from '../../src/io/dataset/status.ts';
import { openTable } from '../../src/io/dataset/table-reader.ts';
import { makeClip } from '../fixtures/clips.ts';
import { type Fault, ObjectServer } from '../fixtures/object-server.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

const names = ['alien', 'heat', 'jaws', 'ran', 'solaris', 'vertigo'];
const server = new ObjectServer();
/** What is written to a store, by the names of its objects. */
const KINDS = [
  ['units', /\/_units\//],
  ['letters', /\/_dead\//],
  ['tables', /\.parquet$/],
  ['description', /\/_dataset\.json$/],
  ['items', /\/_items\.arrow$/],
  ['lines', /\/_(index|journal|fingerprints)\//],
  ['lease', /\/_lock$/],
] as const;
const CUT = { subclips: 2, statistic: 'mean' } as const;
let directory: string;
let clips: string;
let network: string;
let env: Record<string, string>;
/** The dataset of one run into a directory. */
let local: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-object-stores-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  const options = { width: 64, height: 48, fps: 10, sound: false };
  const made = await Promise.all(
    [1, 2].map((seconds) => makeClip(join(directory, `${seconds}.mp4`), { ...options, seconds })),
  );
  for (const [index, name] of names.entries()) copyFileSync(made[index % 2] ?? '', join(clips, `${name}.mp4`));
  writeFileSync(join(clips, 'notes.mp4'), 'no film at all, but words');
  local = join(directory, 'local');
  await run(local);
  env = await server.start();
});
beforeEach(() => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.stubEnv('TMPDIR', mkdtempSync(join(directory, 'tmp-')));
  server.fault = () => undefined;
  server.requests.length = 0;
});
afterEach(() => {
  // Nothing is left of the working copies.
  expect(readdirSync(process.env.TMPDIR as string).filter((name) => name.startsWith('reelflow-dataset'))).toEqual([]);
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

function run(out: string, more: Partial<Parameters<typeof extract>[0]> = {}) {
  const what = { visual: network, audio: 'none', subclips: [2], statistics: ['mean', 'medmad'] as const };
  return extract({ inputs: [clips], out, ...what, memory: '1GiB', concurrency: 2, workers: 1, ...more });
}

/** Units, dead letters' names and tables, by name. */
function comparable(contents: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...contents]
      .filter(([name]) => /^_units.*\.arrow$|\.parquet$/.test(name))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function contentsOf(dataset: string): Map<string, string> {
  const files = readdirSync(dataset, { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .filter((name) => /\.(arrow|parquet|json)$/.test(name))
      .map((name) => [name, readFileSync(join(dataset, name)).toString('latin1')]),
  );
}

const lettersOf = (contents: ReadonlyMap<string, string>) =>
  [...contents.keys()].filter((name) => name.startsWith('_dead/')).sort();

async function expectSame(prefix: string): Promise<void> {
  const [there, here] = [server.contents(prefix), contentsOf(local)];
  expect(comparable(there).size).toBe(names.length + 2);
  expect(comparable(there)).toEqual(comparable(here));
  expect(lettersOf(there)).toEqual(lettersOf(here));
  expect([...there.keys()].filter((name) => name === '_lock')).toEqual([]);
  const description = (text: string) => {
    const { generation: _, compacted, ...rest } = JSON.parse(text) as ReturnType<typeof readDatasetFile>;
    return { ...rest, compacted: compacted?.contents };
  };
  expect(description(there.get('_dataset.json') ?? '')).toEqual(description(here.get('_dataset.json') ?? ''));
}

describe('a dataset in an object store', () => {
  it('is that of a directory byte for byte, is resumed without computing anything, and takes over a changed file', async () => {
    const out = 's3://films/one/features';
    const made = await run(out);
    expect(made.videos).toMatchObject({ committed: 6, dead: 1 });
    await expectSame('one/features');

    server.requests.length = 0;
    expect((await run(`${out}/`)).videos).toMatchObject({ committed: 0, alreadyDone: 6, dead: 1 });
    expect(server.requests.filter(({ method, name }) => method === 'PUT' && /_units|parquet/.test(name))).toEqual([]);
    await expectSame('one/features');

    const { changed: _there, tables, ...there } = await datasetStatus(out);
    const { changed: _here, tables: localTables, ...here } = await datasetStatus(local);
    expect(there).toEqual(here);
    expect(tables.map(({ written: _, ...table }) => table)).toEqual(
      localTables.map(({ written: _, ...table }) => table),
    );
    const ids: string[] = [];
    for await (const { id } of datasetItems(out)) ids.push(id);
    expect(ids).toEqual([...names, 'notes'].sort());

    const changed = join(directory, 'changed');
    mkdirSync(changed);
    copyFileSync(join(directory, '1.mp4'), join(changed, 'heat.mp4'));
    appendFileSync(join(changed, 'heat.mp4'), Buffer.alloc(8));
    expect((await run(out, { inputs: [changed] })).videos).toMatchObject({ committed: 1 });
    expect(comparable(server.contents('one/features')).size).toBe(names.length + 3);
    expect((await datasetStatus(out)).items.committed).toBe(6);
    expect((await run(out)).videos.alreadyDone).toBe(6);
    await run(out, { compact: false });
    expect(comparable(server.contents('one/features')).get('subclips=2/aggregate=mean/part-00000.parquet')).toBe(
      contentsOf(local).get('subclips=2/aggregate=mean/part-00000.parquet'),
    );
  });

  it('is written by shards at once as by one run, and its tables once', async () => {
    const out = 's3://films/shards';
    const made = await Promise.all([0, 1, 2].map((index) => run(out, { shard: { index, count: 3 } })));
    expect(made.reduce((sum, { videos }) => sum + videos.committed, 0)).toBe(6);
    await expectSame('shards');
  });

  it('is the same whatever the store and the way to it do, and no commit is lost or counted twice', async () => {
    // The first write of each kind meets all of these, one after another; other requests meet some.
    const left = new Map<string, Fault[]>(KINDS.map(([kind]) => [kind, [500, 409, 503, 'cut-before', 'cut-after']]));
    const first = new Map<string, string>();
    const reads: Fault[] = [500, 'cut-within', 'slow', 'cut-before', 503];
    let met = 0;
    server.fault = ({ method, name }, index) => {
      const [kind = 'other'] = KINDS.find(([, names]) => names.test(name)) ?? [];
      if (method === 'PUT') {
        if (!first.has(kind)) first.set(kind, name);
        return first.get(kind) === name ? left.get(kind)?.shift() : undefined;
      }
      return index % 3 === 1 ? reads[met++ % reads.length] : undefined;
    };
    const { videos, network } = await run('s3://films/faults');
    expect(met).toBeGreaterThan(2 * reads.length);
    for (const [kind, faults] of left) expect({ kind, faults }).toEqual({ kind, faults: [] });
    expect(network?.retries).toBeGreaterThan(5 * KINDS.length);
    expect(videos).toMatchObject({ committed: 6, alreadyDone: 0, dead: 1 });
    server.fault = () => undefined;
    await expectSame('faults');
  });

  it('continues after a run that the store went away from, which says so', async () => {
    const out = 's3://films/away';
    let units = 0;
    server.fault = ({ method, name }) => {
      if (method === 'PUT' && name.includes('_units/')) units += 1;
      return units > 2 ? 500 : undefined;
    };
    await expect(run(out)).rejects.toMatchObject({
      name: 'SystemError',
      code: 'object-store',
      message: expect.stringMatching(/^s3:\/\/films\/away: .* failed: .*status 500/),
    });
    server.fault = () => undefined;
    // Whoever had the lease could not give it back; but it only has it for a moment.
    const { videos } = await run(out);
    expect(videos.committed + videos.alreadyDone).toBe(6);
    expect(videos.alreadyDone).toBeGreaterThan(0);
    await expectSame('away');
  });

  it('is compacted and reduced where it is as in a directory', async () => {
    const out = 's3://films/reduced';
    await run(out, { compact: false });
    expect([...server.contents('reduced').keys()].some((name) => name.endsWith('.parquet'))).toBe(false);
    await compact(out);
    await expectSame('reduced');
    const choice = { components: 2, statistic: 'mean' } as const;
    const [far, near] = [join(directory, 'far'), join(directory, 'near')];
    await reduce({ input: out, out: far, ...choice });
    await reduce({ input: local, out: near, ...choice });
    expect(readFileSync(join(far, '_training.arrow')).equals(readFileSync(join(near, '_training.arrow')))).toBe(true);
  });

  it('is searched, analysed and read as a table where it is, and pruned', async () => {
    const out = 's3://films/read';
    await run(out);
    const [far, near] = await Promise.all([out, local].map((path) => searchFeatures(path, { item: 'heat', ...CUT })));
    expect(far?.found).toEqual(near?.found);
    expect(far?.found.length).toBe(names.length - 1);
    const analysis = await plannedAnalysis(out, CUT);
    expect(analysis).toEqual({ ...(await plannedAnalysis(local, CUT)), path: out });
    const rowsOf = async (path: string) => {
      const table = await openTable(path, { columns: ['item_id', 'visual'] });
      const rows: unknown[] = [];
      for await (const { batch, file } of table.batches()) {
        expect(file.startsWith(path)).toBe(true);
        rows.push(...batch.toArray().map((row) => JSON.stringify(row)));
      }
      await table.close();
      return rows;
    };
    const table = '/subclips=2/aggregate=mean';
    // A read that is cut off continues.
    server.fault = ({ method, name }, index) =>
      method === 'GET' && name.endsWith('.parquet') && index % 2 === 0 ? 'cut-within' : undefined;
    expect(await rowsOf(out + table)).toEqual(await rowsOf(local + table));
    server.fault = () => undefined;
    expect((await prune(out, { remove: ['heat'] })).units).toBe(1);
    expect(comparable(server.contents('read')).size).toBe(names.length - 1 + 2);
    expect((await datasetStatus(out)).items.committed).toBe(5);
    expect(readdirSync(process.env.TMPDIR as string)).toEqual([]);
    const analysed = { subclips: 2, statistic: 'mean', streams: ['none'] } as const;
    await expect(analyseFeatures(out, analysed)).rejects.toThrow(`${out} has no stream 'none'`);
    await expect(openTable('s3://films/read/none')).rejects.toMatchObject({ code: 'dataset' });
    await expect(ItemStore.open('s3://films/read')).rejects.toMatchObject({ code: 'object-store' });
  });

  it('is searched by a clip and served where it is', async () => {
    const out = 's3://films/served';
    await run(out, { statistics: ['mean'] });
    await run(join(directory, 'served'), { statistics: ['mean'] });
    // A second of this clip is another item's: only what that is like is compared.
    const like = { clip: join(clips, 'heat.mp4'), at: 0.1, weights: [directory], memory: '1GiB' };
    const [far, near] = await Promise.all(
      [out, join(directory, 'served')].map((path) => searchFeatures(path, { like })),
    );
    expect(far).toEqual({ ...near, path: out });
    expect(far?.found.length).toBe(10);
    const text = { text: 'a red car', network };
    await expect(searchFeatures(out, { text })).rejects.not.toMatchObject({ code: 'dataset' });
    const server = await serve({ features: out });
    try {
      const asked = async (path: string) => (await fetch(server.url + path)).json();
      expect(await asked('/api/search?item=heat&k=2')).toMatchObject({ compared: 5, stream: 'visual' });
      expect(await asked('/api/dataset')).toMatchObject({ items: { committed: 6, dead: 1 } });
      const page = await (await fetch(`${server.url}/item?id=heat`)).text();
      expect(page).toContain('heat');
      expect(page).not.toContain(tmpdir());
    } finally {
      await server.close();
    }
    expect(readdirSync(process.env.TMPDIR as string)).toEqual([]);
  });

  it('of another graph, something else, and what is not done there are refused with what to do', async () => {
    await run('s3://films/graph');
    await expect(run('s3://films/graph', { subclips: [3] })).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining('s3://films/graph holds a dataset that was made differently'),
    });
    server.put('photos/cat.jpg', Buffer.from('cat'));
    await expect(run('s3://films/photos')).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining("'cat.jpg'"),
    });
    await expect(datasetStatus('s3://films/none')).rejects.toMatchObject({ code: 'dataset' });
    await expect(run('s3://films/steal', { shard: { index: 0, count: 2 }, steal: true })).rejects.toMatchObject({
      code: 'object-store',
      option: 'steal',
    });
    await expect(reduce({ input: local, out: 's3://films/out', components: 2 })).rejects.toMatchObject({
      code: 'object-store',
    });
    expect(() => readDatasetFile('s3://films/graph')).toThrow(/cannot be read/);
    await expect(run('s3://Films/x')).rejects.toMatchObject({ code: 'object-store' });
    await expect(run('s3://films/../x')).rejects.toMatchObject({ code: 'object-store' });
  });
});
