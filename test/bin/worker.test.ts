import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { CACHE_SERVERS } from '../fixtures/cache-servers.ts';
import { makeClip } from '../fixtures/clips.ts';
import { eventsOf } from '../fixtures/events.ts';
import { freePort } from '../fixtures/free-port.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let network: string;
/** The dataset that one process makes. */
let local: string;
const names = ['alien', 'heat', 'jaws', 'psycho', 'ran', 'solaris'];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-worker-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  const clip = join(directory, 'clip.mp4');
  await makeClip(clip, { width: 64, height: 48, fps: 10, seconds: 1, sound: false });
  for (const name of names) copyFileSync(clip, join(clips, `${name}.mp4`));
  writeFileSync(join(clips, 'broken.mp4'), readFileSync(clip).subarray(0, 900));
  local = join(directory, 'local');
  expect((await reelflow(extraction(local))).code).toBe(3);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function extraction(out: string, ...more: string[]): string[] {
  const what = ['--visual', network, '--audio', 'none', '--subclips', '2', '--statistic', 'mean,medmad'];
  return ['extract', clips, '--out', out, ...what, '--memory', '1GiB', '--workers', '1', '--json', ...more];
}

function worker(out: string, queue: string, ...more: string[]): string[] {
  const size = ['--memory', '700MiB', '--workers', '1', '--concurrency', '1', '--json'];
  return ['worker', '--queue', queue, '--out', out, '--weights', directory, ...size, ...more];
}

/** Bytes of the units and tables, by their paths; the codes of dead letters. */
function contentsOf(dataset: string): Map<string, string> {
  const files = readdirSync(dataset, { recursive: true, encoding: 'utf8' }).sort();
  const kept = files.filter((path) => /^_units.*\.arrow$|\.parquet$|^_dead.*\.json$/.test(path));
  return new Map(
    kept.map((path) => {
      const bytes = readFileSync(join(dataset, path));
      return [path, path.startsWith('_dead') ? JSON.parse(bytes.toString()).code : bytes.toString('latin1')];
    }),
  );
}

for (const { name, missing, start } of CACHE_SERVERS) {
  const title = missing === undefined ? `a queue on ${name}` : `a queue on ${name} (left out: ${missing})`;
  describe.skipIf(missing !== undefined)(title, () => {
    it('has three workers make the units, tables and dead letters of one process, which end when told to', async () => {
      const server = await start();
      onTestFinished(() => server.end());
      const out = join(directory, name);
      const workers = [0, 1, 2].map(() => startCli(worker(out, server.uri, '--progress', 'ndjson')));
      const { code, stdout, stderr } = await reelflow(extraction(out, '--runner', 'bullmq', '--queue', server.uri));
      expect([code, stderr]).toEqual([3, expect.stringContaining('broken.mp4')]);
      const summary = JSON.parse(stdout) as RunSummary;
      expect(summary).toMatchObject({ videos: { committed: 6, dead: 1 }, interrupted: false, inputs: { left: 0 } });
      expect(contentsOf(out)).toEqual(contentsOf(local));
      for (const each of workers) each.kill('SIGTERM');
      const ended = await Promise.all(workers.map((each) => each.ended));
      expect(ended.flatMap((each) => eventsOf(each.stderr).faults)).toEqual([]);
      expect(ended.map((each) => [each.code, each.signal])).toEqual(workers.map(() => [0, null]));
      const done = ended.map((each) =>
        each.stdout === '' ? 0 : (JSON.parse(each.stdout) as RunSummary).videos.committed,
      );
      expect(done.reduce((sum, count) => sum + count, 0)).toBe(6);

      const planned = await reelflow([...worker(out, server.uri), '--dry-run']);
      expect([planned.code, JSON.parse(planned.stdout)]).toMatchObject([
        ...[0, { out, dryRun: true, graph: { id: summary.graphId }, estimate: { items: 7, probed: 7 } }],
      ]);
      const small = await reelflow([...worker(out, server.uri), '--dry-run', '--memory', '64MiB']);
      expect([small.code, small.stderr]).toEqual([2, expect.stringContaining('[memory-too-small]')]);
      const nowhere = await reelflow([...worker(join(directory, 'none'), server.uri), '--dry-run']);
      expect([nowhere.code, JSON.parse(nowhere.stdout)]).toMatchObject([0, { waits: true, dryRun: true }]);

      // All is done: no worker is needed to see that.
      const again = await reelflow(extraction(out, '--runner', 'bullmq', '--queue', server.uri));
      expect(JSON.parse(again.stdout)).toMatchObject({ videos: { committed: 0, alreadyDone: 6, dead: 1 } });
    });

    it('holds up neither worker nor driver that is told to end while its server is silent', async () => {
      const server = await start();
      onTestFinished(() => server.end());
      const out = join(directory, `${name}-silent`);
      const driver = startCli(extraction(out, '--runner', 'bullmq', '--queue', server.uri));
      await driver.until(() => driver.stderr().includes('the queue is'));
      const working = startCli(worker(out, server.uri));
      await working.until(() =>
        readdirSync(join(out, '_units'), { recursive: true }).some((path) => /arrow$/.test(String(path))),
      );
      server.signal('SIGSTOP');
      driver.kill('SIGTERM');
      working.kill('SIGTERM');
      const ended = await Promise.all([driver.ended, working.ended]);
      expect(ended.map(({ code, signal }) => [code, signal])).toEqual([
        [130, null],
        [0, null],
      ]);
    });
  });
}

describe('a worker', () => {
  it('says what to mend when there is no server, without showing the password', async () => {
    const queue = `redis://me:secret@127.0.0.1:${await freePort()}`;
    const { code, stderr } = await reelflow(
      extraction(join(directory, 'none'), '--runner', 'bullmq', '--queue', queue),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/the queue redis:\/\/\*\*\*@127.* cannot be reached: .*connection refused/);
    expect(stderr).not.toContain('secret');
  });

  it.each([
    [['--runner', 'bullmq'], 'no queue was named'],
    [['--queue', 'redis://127.0.0.1:1'], 'no option says to use it'],
    [['--runner', 'bullmq', '--queue', 'amqp://x'], 'must be the address of a server'],
    [['--runner', 'bullmq', '--queue', 'redis://127.0.0.1:1', '--shard', '0/2'], 'cannot be given beside one'],
  ])('options that do not fit are refused: %j', async (more, why) => {
    const { code, stderr } = await reelflow(extraction(join(directory, 'refused'), ...more));
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  it('loads no module that its own command line does not name, and has no other versions than its driver', async () => {
    const out = join(directory, 'guarded');
    const flow = "import { map } from 'rxjs'; process.stderr.write('LOADED'); export const flow = {};";
    writeFileSync(join(directory, 'flow.js'), flow);
    mkdirSync(out);
    for (const file of ['_dataset.json', '_items.arrow']) copyFileSync(join(local, file), join(out, file));
    const description = JSON.parse(readFileSync(join(out, '_dataset.json'), 'utf8'));
    const { id, graph, policy } = description.spec;
    const spec = { kind: 'module', module: './flow.js#flow', id, graph, policy };
    writeFileSync(join(out, '_dataset.json'), JSON.stringify({ ...description, spec }));
    const asked = (versions: object) => {
      writeFileSync(join(out, '_queue.json'), JSON.stringify({ name: `reelflow-${id}-0a`, ...versions }));
      return reelflow(worker(out, 'redis://127.0.0.1:1'), { cwd: directory });
    };
    const other = await asked({ software: 'reelflow 0.0.1', decoder: 'ffmpeg 1', runtime: 'onnxruntime-node 1' });
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/ffmpeg 1 there.*\[versions\]/s)]);
    const versions = Object.fromEntries(
      [...other.stderr.matchAll(/((reelflow|ffmpeg|onnxruntime-node) \S+) here/g)].map(([, version, tool]) => [
        { reelflow: 'software', ffmpeg: 'decoder' }[tool as string] ?? 'runtime',
        version,
      ]),
    );
    const refused = await asked(versions);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/is not allowed here.*\[module\]/s)]);
    expect(refused.stderr).not.toContain('LOADED');
  });
});
