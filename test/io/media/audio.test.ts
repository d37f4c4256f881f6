import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeClip } from '../../../src/io/media/encode.ts';
import { Video } from '../../../src/io/media/video.ts';
import { ffmpeg, ffmpegOutput, makeClip, plainPicture, temporaryDirectory } from '../../fixtures/clips.ts';
import { framesOf, patchesOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'), { seconds: 4 });
});
afterAll(() => folder.remove());

function loudness(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

describe('patches of sound', () => {
  test('are windows of what ffmpeg mixes and resamples, divided by 32,768', async () => {
    const plain = await ffmpegOutput('-i', clip, '-map', '0:a:0', '-ac', '1', '-ar', '16000', '-f', 's16le');
    const samples = Float32Array.from(
      new Int16Array(plain.buffer, plain.byteOffset, plain.length >> 1),
      (sample) => sample / 32_768,
    );
    const patches = await patchesOf(new Video(clip));
    expect(patches).toHaveLength(1 + Math.floor((samples.length - 15_600) / 15_360));
    for (const patch of patches) {
      expect(patch.data).toEqual(samples.slice(patch.index * 15_360, patch.index * 15_360 + 15_600));
      expect(patch.time).toBeCloseTo(patch.index * 0.96, 9);
      expect(patch.centre).toBeCloseTo(patch.time + 0.48, 9);
    }
  });

  test('other windows can be asked for', async () => {
    const patches = await patchesOf(new Video(clip), { sampleRate: 8000, patchSamples: 4000, hopSamples: 1000 });
    expect(patches[1]?.data.subarray(0, 3000)).toEqual(patches[0]?.data.subarray(1000));
    expect(patches[3]?.time).toBeCloseTo(0.375, 9);
  });

  test('sound shorter than a patch is padded with zeros to one', async () => {
    await makeClip(at('short.mp4'), { seconds: 1, sound: 0.4 });
    const patches = await patchesOf(new Video(at('short.mp4')));
    expect(patches).toHaveLength(1);
    expect(loudness(patches[0]?.data.subarray(0, 6000) ?? new Float32Array(1))).toBeGreaterThan(0.3);
    expect(patches[0]?.data.subarray(8500).every((sample) => sample === 0)).toBe(true);
  });

  test('a video without sound completes empty', async () => {
    await ffmpeg('-i', clip, '-an', '-c', 'copy', at('mute.mp4'));
    expect(await patchesOf(new Video(at('mute.mp4')))).toEqual([]);
  });

  test('options that are invalid are refused', async () => {
    await expect(async () => patchesOf(new Video(clip), { hopSamples: 20_000 })).rejects.toThrow(
      '`hopSamples` must be an integer from 1 to 15600',
    );
  });
});

describe('one clock', () => {
  test('packets that were lost become silence, and what follows keeps its time', async () => {
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'sine=440:d=6:r=48000',
      '-af',
      "aselect='not(between(t,2,4))'",
      '-c:a',
      'flac',
      at('gap.mkv'),
    );
    const patches = await patchesOf(new Video(at('gap.mkv')), { patchSamples: 1600, hopSamples: 1600 });
    expect(patches.length).toBeGreaterThanOrEqual(59);
    const loud = patches.filter((patch) => loudness(patch.data) > 0.03).map((patch) => patch.index);
    expect(loud.filter((index) => index >= 21 && index < 39)).toEqual([]);
    expect(loud).toEqual(expect.arrayContaining([0, 10, 19, 41, 50, 58]));
  });

  test('a tone and a flash that come together have the same time, when the sound starts late too', async () => {
    const start = 1.2;
    const samples = Float32Array.from({ length: 3 * 44_100 }, (_, index) =>
      index < start * 44_100 ? 0 : 0.5 * Math.sin(index / 10),
    );
    const frames = Array.from({ length: 75 }, (_, index) =>
      plainPicture(64, 48, index / 25 < start - 1e-9 ? [0, 0, 0] : [255, 255, 255]),
    );
    await encodeClip({
      path: at('flash.mp4'),
      width: 64,
      height: 48,
      fps: 25,
      frames,
      audio: { sampleRate: 44_100, samples },
    });
    // the first half second of the sound is cut off, its timestamps kept
    await ffmpeg('-i', at('flash.mp4'), '-c:v', 'copy', '-af', 'atrim=start=0.5', '-c:a', 'flac', at('late-sound.mkv'));
    for (const name of ['flash.mp4', 'late-sound.mkv']) {
      const video = new Video(at(name));
      const flash = (await framesOf(video)).find((frame) => (frame.data[0] ?? 0) > 128)?.time ?? Number.NaN;
      const patches = await patchesOf(video, { patchSamples: 160, hopSamples: 160 });
      const sound = patches.find((patch) => loudness(patch.data) > 0.1)?.time ?? Number.NaN;
      expect(flash, name).toBeCloseTo(start, 2);
      expect(Math.abs(sound - flash), name).toBeLessThan(0.03);
      expect(patches[0]?.time, name).toBeCloseTo(name === 'flash.mp4' ? 0 : 0.5, 1);
    }
  });
});
