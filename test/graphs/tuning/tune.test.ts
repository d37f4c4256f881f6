import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { tune } from '../../../src/graphs/tuning/tune.ts';
import { callReelflow } from '../../fixtures/call-cli.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { serveFiles, wholeFile } from '../../fixtures/file-server.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let network: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-tune-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  const clip = join(directory, 'clip.mp4');
  await makeClip(clip, { width: 64, height: 48, fps: 10, seconds: 1, sound: false });
  for (const name of ['heat', 'ran', 'jaws']) copyFileSync(clip, join(clips, `${name}.mp4`));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const options = () => ({ inputs: [clips], visual: network, audio: 'none', memory: '1GiB' });

describe('tuning', () => {
  it('measures on real videos, keeps what was given, and says what to pin', async () => {
    const said: string[] = [];
    const tuning = await tune({
      ...{ ...options(), workers: 1, concurrency: 1, batch: 4, onMessage: (text: string) => void said.push(text) },
    });
    // Nothing is left to vary.
    expect(tuning).toMatchObject({ setting: { workers: 1, concurrency: 1, batch: 4 }, sample: 3 });
    expect(tuning?.tried).toHaveLength(1);
    expect(tuning?.rate).toBeGreaterThan(0);
    expect(tuning?.rate).toBe(tuning?.plannedRate);
    expect(said.at(-1)).toContain('to pin it, give `concurrency: 1, batch: 4, workers: 1`');
  });

  it('is of a shard that takes over from others too, and for any time', async () => {
    const fixed = { workers: 1, concurrency: 1, batch: 4 };
    const shard = { index: 0, count: 1 };
    // More than a timer can wait, and not a whole number of milliseconds.
    const tuning = await tune({ ...options(), ...fixed, shard, steal: true, seconds: 2_147_483.6475 });
    expect(tuning).toMatchObject({ setting: fixed, sample: 3 });
  });

  it('copies remote inputs within the room that they have, and leaves no copies', async () => {
    const film = readFileSync(join(clips, 'heat.mp4'));
    const server = await serveFiles({ '/heat.mp4': wholeFile(film) });
    const temporary = join(directory, 'tmp');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    try {
      const far = { ...options(), inputs: [`${server.url}/heat.mp4`], workers: 1, concurrency: 1, batch: 4 };
      expect((await tune({ ...far, scratch: film.byteLength }))?.rate).toBeGreaterThan(0);
      await expect(tune({ ...far, scratch: film.byteLength - 1 })).rejects.toMatchObject({ code: 'no-inputs' });
      await expect(tune({ ...far, scratch: '1000TiB' })).rejects.toMatchObject({ option: 'scratch' });
      expect(readdirSync(temporary).filter((name) => name.startsWith('reelflow-inputs'))).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await server.close();
    }
  });

  it.each(['drain', 'signal'] as const)('finds nothing after `%s` has stopped it in the middle', async (by) => {
    const stop = new AbortController();
    const said: string[] = [];
    const any = AbortSignal.any.bind(AbortSignal);
    let begun = 0;
    vi.spyOn(AbortSignal, 'any').mockImplementation((signals) => {
      // Of the measurements, each of which is limited in time, the third.
      begun += signals.includes(stop.signal) ? 1 : 0;
      if (begun === 3) stop.abort();
      return any(signals);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const tuning = await tune({
      ...{ ...options(), [by]: stop.signal },
      onMessage: (text) => void said.push(text),
    });
    expect(begun).toBe(3);
    expect([tuning, said]).toEqual([undefined, []]);
  });

  it('is refused to a driver, and where nothing can be decoded', async () => {
    await expect(tune({ ...options(), runner: 'bullmq', queue: 'redis://localhost' })).rejects.toThrow(
      'the driver of a queue computes nothing',
    );
    await expect(tune({ ...options(), inputs: [network], workers: 1 })).rejects.toMatchObject({ code: 'no-inputs' });
  });

  it('comes before an extraction of the command line, which runs as was found', async () => {
    const out = join(directory, 'features');
    const what = ['--visual', network, '--audio', 'none', '--subclips', '2', '--memory', '1GiB'];
    const fixed = ['--workers', '1', '--concurrency', '1', '--tune', '--json'];
    const { code, stdout, stderr } = await callReelflow(['extract', clips, '--out', out, ...what, ...fixed]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/to pin it, give `--concurrency 1 --batch \d+ --workers 1`/),
    ]);
    const { tuning, execution, videos } = JSON.parse(stdout);
    expect(videos.committed).toBe(3);
    expect(execution).toMatchObject(tuning.setting);
    expect(tuning.tried.length).toBeGreaterThan(1);
    expect(readdirSync(out)).toContain('_units');
  });

  it('is refused to a dry run of the command line, which decodes nothing', async () => {
    const out = join(directory, 'planned');
    const { code, stderr } = await callReelflow(['extract', clips, '--out', out, '--tune', '--dry-run']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('`--dry-run` decodes nothing')]);
  });
});
