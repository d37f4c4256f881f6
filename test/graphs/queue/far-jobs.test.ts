import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { extract } from '../../../src/graphs/extract.ts';
import { runWorker } from '../../../src/graphs/run-worker.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { gatedFfmpeg } from '../../fixtures/gated-ffmpeg.ts';
import { ObjectServer } from '../../fixtures/object-server.ts';
import { RedisServer, redisMissing } from '../../fixtures/redis-server.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';
import { until } from '../../fixtures/until.ts';

const films = ['alien', 'heat', 'jaws', 'ran'];
const objects = new ObjectServer();
let directory: string;
let network: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-far-jobs-'));
  network = writeTinyVisual(directory);
  const clip = await makeClip(join(directory, 'clip.mp4'), {
    width: 64,
    height: 48,
    fps: 10,
    seconds: 1,
    sound: false,
  });
  for (const film of films) objects.put(`films/${film}.mp4`, readFileSync(clip));
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  for (const [name, value] of Object.entries({ ...(await objects.start()), TMPDIR: temporary }))
    vi.stubEnv(name, value);
});
afterAll(async () => {
  await objects.stop();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const title = redisMissing === undefined ? 'a worker of a queue' : `a worker of a queue (left out: ${redisMissing})`;
describe.skipIf(redisMissing !== undefined)(title, () => {
  it('fetches the next input of a store while it computes one, and gives it back when it is told to end', async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.end());
    const gate = gatedFfmpeg(directory, 'reelflow-inputs');
    vi.stubEnv('REELFLOW_FFMPEG', gate.env.REELFLOW_FFMPEG);
    const out = join(directory, 'out');
    const queue = { queue: server.uri };
    const what = { visual: network, audio: 'none', subclips: [2], memory: '1GiB', compact: false } as const;
    const driven = extract({ inputs: ['s3://bucket/films/'], out, ...what, runner: 'bullmq', ...queue });
    const drain = new AbortController();
    const size = { memory: '1GiB', concurrency: 1, workers: 1, weights: [directory] } as const;
    const drained = runWorker({ ...queue, ...size, out, drain: drain.signal });
    const claims = join(out, '_claims');
    const claimed = () => (existsSync(claims) ? readdirSync(claims).filter((name) => !name.startsWith('.')) : []);
    await until(() => gate.isWaiting() && claimed().length === 2);
    drain.abort();
    // The item without a turn is nobody's, while the other one is computed to its end.
    await until(() => claimed().length === 1);
    gate.open();
    expect((await drained)?.videos).toMatchObject({ committed: 1, dead: 0 });
    const stop = new AbortController();
    const other = runWorker({ ...queue, ...size, out, drain: stop.signal });
    expect((await driven).videos).toMatchObject({ committed: films.length, dead: 0 });
    stop.abort();
    expect((await other)?.videos.committed).toBe(films.length - 1);
    expect(claimed()).toEqual([]);
  });
});
