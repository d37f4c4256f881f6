import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTemporary } from '../../src/core/atomic-file.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { itemsOfShard } from '../../src/graphs/runners/shard.ts';
import { datasetStatus } from '../../src/io/dataset/status.ts';
import { makeClip } from '../fixtures/clips.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let network: string;
/** The dataset that one run makes of everything. */
let whole: string;
const names = ['alien', 'heat', 'jaws', 'psycho', 'ran', 'solaris', 'vertigo'];
const videos = names.map((id) => ({ id }));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-shards-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  const options = { width: 64, height: 48, fps: 10, sound: false };
  const made = await Promise.all(
    [0, 1].map((index) => makeClip(join(directory, `${index}.mp4`), { ...options, seconds: 1 + index })),
  );
  for (const [index, name] of names.entries()) copyFileSync(made[index % 2] ?? '', join(clips, `${name}.mp4`));
  whole = join(directory, 'whole');
  await reelflow(extraction(whole));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function extraction(out: string, ...more: string[]): string[] {
  const what = ['--visual', network, '--audio', 'none', '--subclips', '2', '--statistic', 'mean,medmad'];
  return ['extract', clips, '--out', out, ...what, '--memory', '1GiB', '--workers', '1', '--json', ...more];
}

async function run(out: string, ...more: string[]): Promise<RunSummary> {
  const { code, stdout, stderr } = await reelflow(extraction(out, ...more));
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return JSON.parse(stdout) as RunSummary;
}

/** Bytes of the units and the tables, by their paths. */
function contentsOf(dataset: string): Map<string, string> {
  const files = readdirSync(dataset, { recursive: true, encoding: 'utf8' }).sort();
  const kept = files.filter((path) => /^_units.*\.arrow$|\.parquet$/.test(path));
  return new Map(kept.map((path) => [path, readFileSync(join(dataset, path)).toString('latin1')]));
}

/** What one run and several make of a corpus is the same, and nothing else lies there. */
async function expectWhole(dataset: string): Promise<void> {
  expect(contentsOf(dataset)).toEqual(contentsOf(whole));
  expect(contentsOf(dataset).size).toBe(names.length + 2);
  // Files that are but seconds old have no fingerprints kept.
  const parts = (of: string) => readdirSync(of).filter((name) => name !== '_fingerprints.txt');
  expect(parts(dataset).sort()).toEqual(parts(whole).sort());
  const { items, tablesAreCurrent, seconds } = await datasetStatus(dataset);
  const { changed: _when, ...expected } = await datasetStatus(whole);
  expect({ items, tablesAreCurrent, seconds }).toEqual({
    ...{ items: expected.items, tablesAreCurrent: true, seconds: expected.seconds },
  });
}

describe('a corpus in shards', () => {
  it('becomes, by three processes at once, the units, tables and reduced features of one run', async () => {
    const out = join(directory, 'three');
    const made = await Promise.all([0, 1, 2].map((index) => run(out, '--shard', `${index}/3`)));
    for (const [index, { shard, videos: counts, inputs }] of made.entries()) {
      const { length } = itemsOfShard(videos, { index, count: 3 });
      expect(shard).toMatchObject({ index, count: 3, items: length, left: 0, stolen: 0, whole: { items: 7 } });
      expect(counts.committed).toBe(length);
      expect(inputs).toEqual({ added: length, gone: [], renamed: [], superseded: [], left: 0 });
    }
    expect(Math.min(...made.map(({ shard }) => shard?.whole.left ?? Number.NaN))).toBe(0);
    await expectWhole(out);
    const reduced = await Promise.all(
      [out, whole].map(async (dataset, index) => {
        const store = join(directory, `reduced-${index}`);
        await reduce({ input: dataset, out: store, statistic: 'mean', components: 3 });
        return readdirSync(store)
          .filter((name) => name === '_training.arrow')
          .map((name) => readFileSync(join(store, name)).toString('latin1'));
      }),
    );
    expect(reduced[0]?.length).toBeGreaterThan(0);
    expect(reduced[0]).toEqual(reduced[1]);
  });

  it('has its tables once the last shard has ended, also when others were counted between', async () => {
    const out = join(directory, 'counted');
    const first = await run(out, '--shard', '0/2');
    const rest = itemsOfShard(videos, { index: 1, count: 2 }).length;
    expect(first.shard?.whole).toMatchObject({ items: 7, left: rest });
    expect(first.tables).toEqual([]);
    expect((await datasetStatus(out)).tablesAreCurrent).toBe(false);
    const [second] = [await run(out, '--shard', '1/3')];
    expect(second.shard?.whole.left).toBeLessThan(rest + 1);
    for (const index of [0, 2]) await run(out, '--shard', `${index}/3`);
    await expectWhole(out);
    const env = { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '4' };
    const { code, stdout } = await reelflow(extraction(out, '--shard', 'auto'), { env });
    expect([code, JSON.parse(stdout).shard]).toMatchObject([0, { index: 1, count: 4, whole: { committed: 7 } }]);
  });

  it('loses nothing of a shard that was killed: another takes its items over, or it is started again', async () => {
    const lost = itemsOfShard(videos, { index: 1, count: 2 }).length;
    const killed = async (out: string) => {
      const gate = gatedFfmpeg(directory, 'clips/');
      const dying = startCli(extraction(out, '--shard', '1/2', '--steal'), gate);
      await dying.until(
        () => existsSync(join(out, '_claims')) && readdirSync(join(out, '_claims')).some((name) => !isTemporary(name)),
      );
      dying.kill('SIGKILL');
      expect((await dying.ended).signal).toBe('SIGKILL');
    };
    const [taken, again] = [join(directory, 'taken'), join(directory, 'again')];
    await Promise.all([killed(taken), killed(again)]);

    const thief = await run(taken, '--shard', '0/2', '--steal');
    expect(thief.shard).toMatchObject({ items: 7 - lost, stolen: lost, left: 0, whole: { committed: 7, left: 0 } });
    expect(thief.videos.committed).toBe(7);
    await expectWhole(taken);

    const { stdout } = await reelflow(extraction(again, '--shard', '0/2').filter((word) => word !== '--json'));
    expect(stdout).toContain(
      `shard 0 of 2 has ${7 - lost} of the 7 items; of all: ${7 - lost} committed, 0 skipped, 0 dead, ${lost} left; the run that finds none left writes the tables`,
    );
    const restarted = await run(again, '--shard', '1/2');
    expect(restarted.shard).toMatchObject({ items: lost, whole: { left: 0 } });
    await expectWhole(again);
  });
});
