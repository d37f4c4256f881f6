import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemTraceId } from '../../src/graphs/operations/item-trace-id.ts';
import { makeClip } from '../fixtures/clips.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { type RunningCli, reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let what: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-operations-'));
  const clips = join(directory, 'clips');
  mkdirSync(clips);
  const clip = await makeClip(join(clips, 'alien.mp4'), { width: 64, height: 48, fps: 10, seconds: 1, sound: false });
  copyFileSync(clip, join(clips, 'heat.mp4'));
  writeFileSync(join(clips, 'notes.mp4'), 'no film at all, but words');
  const network = writeTinyVisual(directory);
  what = [clips, '--visual', network, '--audio', 'none', '--memory', '1GiB', '--concurrency', '1', '--workers', '1'];
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Logged = Readonly<Record<string, unknown>>;
const recordsOf = (stderr: string) =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Logged);

/** The page of a run that says where its metrics are. */
async function originOf(running: RunningCli): Promise<string> {
  const said = () => /metrics are at (http:\/\/[^/]+)\/metrics/.exec(running.stderr())?.[1];
  await running.until(() => said() !== undefined);
  return said() as string;
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
    const asked = request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }));
    });
    asked.on('error', reject).end();
  });
}

describe('a run that is watched', () => {
  it('serves its figures to Prometheus while it decodes, to nobody under another host name, and logs each video', async () => {
    const gate = gatedFfmpeg(directory, 'heat.mp4');
    const out = join(directory, 'watched');
    const running = startCli(['extract', ...what, '--out', out, '--metrics-port', '0', '--log', 'json'], gate);
    const origin = await originOf(running);
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(`${origin}/healthz`)).toMatchObject({ status: 200, body: 'ok\n' });
    await running.until(() =>
      recordsOf(running.stderr()).some(({ event, item }) => event === 'started' && item === 'heat'),
    );

    const { status, type, body } = await get(`${origin}/metrics`);
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const value = (name: string) => Number(new RegExp(`^reelflow_${name} (.*)$`, 'm').exec(body)?.[1]);
    const states = ['committed', 'running', 'waiting', 'dead', 'skipped', 'already_done', 'cached', 'partial'];
    const counts = states.map((state) => value(`videos\\{state="${state}"\\}`));
    // One runs; of the others each is done, dead or waits, by the order in which they began.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(value('videos\\{state="running"\\}')).toBe(1);
    expect(value('queue_depth')).toBe(value('videos\\{state="waiting"\\}'));
    expect(value('running')).toBe(1);
    expect(value('held_bytes')).toBeLessThanOrEqual(value('budget_bytes'));
    expect(value('budget_bytes')).toBeGreaterThan(0);
    const time = ['busy', 'starved', 'blocked'].map((each) =>
      value(`operator_${each}_seconds_total\\{operator="embed-visual"\\}`),
    );
    expect(time.every((seconds) => seconds >= 0)).toBe(true);
    expect(body).toContain('# TYPE reelflow_frames_total counter');

    expect((await get(`${origin}/metrics`, { host: 'evil.example' })).status).toBe(421);
    expect((await get(`${origin}/metrics`, { host: `localhost:9` })).status).toBe(200);
    expect((await get(`${origin}/metrics`, {}, 'POST')).status).toBe(405);
    expect((await get(`${origin}/constructor`)).status).toBe(404);

    gate.open();
    const { code, stderr } = await running.ended;
    expect(code).toBe(3);
    // What Node.js itself prints is not ours to put in records.
    const records = recordsOf(stderr);
    expect(records.length).toBe(stderr.trim().split('\n').length);
    expect(new Set(records.map(({ run }) => run)).size).toBe(1);
    const ofHeat = records.filter(({ video }) => video === itemTraceId('heat'));
    expect(ofHeat.map(({ event, level }) => [event, level])).toEqual([
      ['started', 'info'],
      ['committed', 'info'],
    ]);
    const [dead] = records.filter(({ event }) => event === 'dead');
    expect(dead).toMatchObject({ level: 'error', item: 'notes', video: itemTraceId('notes'), code: 'not-media' });
    expect(records.at(-1)).toMatchObject({ event: 'summary', videos: { committed: 2, dead: 1 } });
    await expect(get(`${origin}/healthz`)).rejects.toThrow();
  });

  it('refuses an address that is none, and says what to do about a port that is taken', async () => {
    const gate = gatedFfmpeg(directory, '.mp4');
    const running = startCli(['extract', ...what, '--out', join(directory, 'first'), '--metrics-port', '0'], gate);
    const port = new URL(await originOf(running)).port;
    const again = ['extract', ...what, '--out', join(directory, 'second'), '--metrics-port'];
    const [taken, none] = await Promise.all([reelflow([...again, port]), reelflow([...again, '70000'])]);
    expect([taken.code, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/cannot be listened at.*\[address\]\n {2}Name another port/s),
    ]);
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringContaining("`--metrics-port` must be a port from 0 to 65535, or HOST:PORT, but is '70000'"),
    ]);
    gate.open();
    expect((await running.ended).code).toBe(3);
  });
});
