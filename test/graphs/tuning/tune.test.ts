import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tune } from '../../../src/graphs/tuning/tune.ts';
import { callReelflow } from '../../fixtures/call-cli.ts';
import { makeClip } from '../../fixtures/clips.ts';
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
});
