import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { extract } from '../../src/graphs/extract.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { makeClip } from '../fixtures/clips.ts';
import { ObjectServer } from '../fixtures/object-server.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

const names = ['alien', 'heat', 'jaws', 'ran', 'solaris', 'vertigo'];
const store = new ObjectServer();
let directory: string;
let clips: string;
let network: string;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-same-bytes-'));
  clips = at('clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  const options = { width: 64, height: 48, fps: 10, sound: false };
  const made = await Promise.all([1, 2, 3].map((seconds) => makeClip(at(`${seconds}.mp4`), { ...options, seconds })));
  for (const [index, name] of names.entries()) copyFileSync(made[index % 3] ?? '', join(clips, `${name}.mp4`));
  for (const [name, value] of Object.entries(await store.start())) vi.stubEnv(name, value);
  for (const name of names) {
    const bytes = readFileSync(join(clips, `${name}.mp4`));
    store.objects.set(`clips/${name}.mp4`, { bytes, etag: `"${name}"`, modified: new Date(), metadata: {} });
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await store.stop();
  rmSync(directory, { recursive: true, force: true });
});

function run(out: string, more: Partial<Parameters<typeof extract>[0]> = {}) {
  const what = { visual: network, audio: 'none', subclips: [2], statistics: ['mean', 'medmad'] as const };
  return extract({ inputs: [clips], out, ...what, memory: '1GiB', workers: 1, ...more });
}

/** All files whose bytes are computed, by name: units, tables, PCA and training store. */
function bytesOf(contents: ReadonlyMap<string, string>): Map<string, string> {
  const computed = /^_units.*\.arrow$|\.parquet$|^_pca\/.*(?<!\.json)$|^_training\.arrow$/;
  return new Map(
    [...contents].filter(([name]) => computed.test(name)).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function contentsOf(dataset: string): Map<string, string> {
  const files = readdirSync(dataset, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(dataset.length + 1), readFileSync(path).toString('latin1')];
    }),
  );
}

// Workers of a queue are held to the same in test/bin/worker.test.ts, with a server of its own.
it('units, tables, PCA and training store are the same bytes by one process, by shards, from files and stores', async () => {
  const ways: Record<string, (out: string) => Promise<unknown>> = {
    'one at a time': (out) => run(out, { concurrency: 1 }),
    'three at a time, listed the other way round': (out) =>
      run(out, { concurrency: 3, batch: 2, inputs: [...names].reverse().map((name) => join(clips, `${name}.mp4`)) }),
    'by three shards at once': (out) =>
      Promise.all([2, 0, 1].map((index) => run(out, { shard: { index, count: 3 }, concurrency: 1 }))),
    'of a store into a store': (out) => run(out, { inputs: ['s3://films/clips/'], concurrency: 2 }),
  };
  const datasets: [string, Map<string, string>][] = [];
  const reduced: [string, Map<string, string>][] = [];
  for (const [index, [way, work]] of Object.entries(ways).entries()) {
    const isFar = way.endsWith('into a store');
    const out = isFar ? 's3://films/features' : at(`features-${index}`);
    await work(out);
    datasets.push([way, bytesOf(isFar ? store.contents('features') : contentsOf(out))]);
    await reduce({ input: out, out: at(`reduced-${index}`), components: 2, statistic: 'mean' });
    reduced.push([way, bytesOf(contentsOf(at(`reduced-${index}`)))]);
  }
  const [[, first] = ['', new Map()]] = datasets;
  const [[, firstReduced] = ['', new Map()]] = reduced;
  expect([...first.keys()].filter((name) => name.endsWith('.parquet')).length).toBe(2);
  expect(first.size).toBe(names.length + 2);
  expect([...firstReduced.keys()]).toEqual(
    expect.arrayContaining(['_training.arrow', expect.stringMatching(/^_pca\//)]),
  );
  for (const [way, files] of datasets) expect({ way, files }).toEqual({ way, files: first });
  for (const [way, files] of reduced) expect({ way, files }).toEqual({ way, files: firstReduced });
});
