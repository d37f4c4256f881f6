import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract } from '../../src/graphs/extract.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let visual: string;

async function clip(name: string, shade: number): Promise<void> {
  const frames = Array.from({ length: 30 }, (_, index) => {
    const pixel = (_value: unknown, at: number) => (shade + index * 5 + at * (1 + (index % 7))) & 255;
    return Uint8Array.from({ length: 64 * 48 * 3 }, pixel);
  });
  await encodeClip({ path: join(clips, `${name}.mp4`), width: 64, height: 48, fps: 10, frames });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-precision-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  await clip('a', 10);
  await clip('b', 90);
  visual = writeTinyVisual(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (out: string, more: object = {}) =>
  extract({ inputs: [clips], out: join(directory, out), visual, audio: 'none', device: 'cpu', ...more });

describe('extraction in int8', () => {
  it('calibrates once, says how close it is, and continues the same graph when videos are added', async () => {
    const said: string[] = [];
    const int8 = {
      precision: 'int8',
      forcePrecision: true,
      onMessage: (text: string) => void said.push(text),
    } as const;
    const first = await run('int8', int8);
    expect(first.execution).toMatchObject({ precision: 'int8', device: 'cpu' });
    expect(first.calibration?.frames).toEqual({ ranging: 30, heldOut: 30 });
    expect(said.join('\n')).toContain('cosine similarity to float32');
    const kept = readFileSync(join(directory, 'int8', '_calibration.json'), 'utf8');
    await clip('c', 170);
    const second = await run('int8', int8);
    expect(second.graphId).toBe(first.graphId);
    expect(second.videos).toMatchObject({ committed: 1, alreadyDone: 2 });
    const third = await run('int8', int8);
    expect(third.frames).toBe(0);
    expect(third.operators.find(({ name }) => name === 'decode-video')).toBeUndefined();
    expect(readFileSync(join(directory, 'int8', '_calibration.json'), 'utf8')).toBe(kept);
    const float32 = await run('float32');
    expect(float32.graphId).not.toBe(first.graphId);
    await expect(run('float32', int8)).rejects.toThrow(/was not made with `precision: 'int8'`/);
    const [model] = JSON.parse(readFileSync(join(directory, 'int8', '_dataset.json'), 'utf8')).models;
    expect(model).toMatchObject({
      precision: 'int8',
      device: 'cpu',
      calibration: { cosine: first.calibration?.cosine },
    });
    rmSync(join(directory, 'int8', '_calibration.json'));
    await expect(run('int8', int8)).rejects.toThrow(
      /is missing, but the dataset there was made with `precision: 'int8'`/,
    );
  });

  it('is refused where it is far from float32, unless forced', async () => {
    const out = join(directory, 'far');
    const int8 = { precision: 'int8', forcePrecision: true } as const;
    await run('far', int8);
    const path = join(out, '_calibration.json');
    const calibration = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...calibration, cosine: { mean: 0.98, least: 0.9 } }));
    await expect(run('far', { precision: 'int8' })).rejects.toMatchObject({
      code: 'precision',
      remedy: /`forcePrecision: true`/,
    });
    expect((await run('far', int8)).calibration?.cosine.mean).toBe(0.98);
  });

  it('an interrupt stops the calibration, and no dataset is begun', async () => {
    const inputs = [join(clips, 'a.mp4')];
    for (const last of ['calibrating', 'decoded; running']) {
      const stop = new AbortController();
      const said: string[] = [];
      const onMessage = (text: string) => {
        said.push(text);
        if (text.includes(last)) stop.abort();
      };
      const int8 = { precision: 'int8', forcePrecision: true } as const;
      const summary = await run('stopped', { ...int8, inputs, drain: stop.signal, onMessage });
      expect(summary).toMatchObject({ interrupted: true, videos: { committed: 0 } });
      expect(existsSync(join(directory, 'stopped'))).toBe(false);
      expect(said.at(-1)).toContain('no dataset was created');
      if (last !== 'calibrating') expect(said.join('\n')).toContain('only 15 frames measure');
    }
  });

  it('to force a precision that is not asked for is an error', async () => {
    await expect(run('forced', { forcePrecision: true })).rejects.toMatchObject({ code: 'usage' });
  });

  it('a damaged calibration is an error that says what to do', async () => {
    const out = join(directory, 'damaged');
    mkdirSync(out);
    writeFileSync(join(out, '_calibration.json'), '{"format":');
    const failing = run('damaged', { precision: 'int8' });
    await expect(failing).rejects.toMatchObject({ code: 'damaged', remedy: expect.stringContaining('Delete it') });
    await expect(run('none', { precision: 'int8', visual: 'none' })).rejects.toThrow(/visual network|neither/);
  });
});
