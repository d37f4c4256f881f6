import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listCorpus } from '../../../src/graphs/inputs.ts';
import { calibrationFrames } from '../../../src/graphs/precision/calibration-frames.ts';
import { encodeClip } from '../../../src/io/media/encode.ts';
import { network } from '../../../src/models/networks/network.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-calibration-frames-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A tenth of a second of silence: 8-bit PCM at 8 kHz. */
function silence(): Buffer {
  const wave = Buffer.alloc(844, 128);
  wave.write('RIFF', 0);
  wave.writeUInt32LE(836, 4);
  wave.write('WAVEfmt ', 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(8000, 24);
  wave.writeUInt32LE(8000, 28);
  wave.writeUInt16LE(1, 32);
  wave.writeUInt16LE(8, 34);
  wave.write('data', 36);
  wave.writeUInt32LE(800, 40);
  return wave;
}

it('takes frames of others where the evenly spaced files have no picture, the same at each call', async () => {
  const clip = join(directory, 'clip-00.mp4');
  const frames = Array.from({ length: 10 }, (_, shade) => new Uint8Array(64 * 48 * 3).fill(20 * shade));
  await encodeClip({ path: clip, width: 64, height: 48, fps: 10, frames });
  for (let pair = 0; pair < 16; pair++) {
    const name = join(directory, `clip-${String(pair).padStart(2, '0')}`);
    if (pair > 0) copyFileSync(clip, `${name}.mp4`);
    // Before the clip in the order of names.
    writeFileSync(`${name}.a.wav`, silence());
  }
  const plan = network<Uint8Array>(writeTinyVisual(directory));
  const files = Array.from({ length: 16 }, (_, pair) => join(directory, `clip-${String(pair).padStart(2, '0')}`));
  const corpus = await listCorpus({ inputs: files.flatMap((name) => [`${name}.a.wav`, `${name}.mp4`]) });
  expect(corpus.map(({ path }) => path.endsWith('.wav')).slice(0, 4)).toEqual([true, false, true, false]);
  const found = await calibrationFrames(corpus, plan);
  expect(found.items.map(({ frames }) => frames)).toEqual(Array(16).fill(8));
  expect(found.tried).toBe(32);
  expect(found.frames).toHaveLength(128);
  expect(await calibrationFrames(corpus, plan)).toEqual(found);
});
