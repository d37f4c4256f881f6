import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeClip } from '../../../src/io/media/encode.ts';
import type { Verdict } from '../../../src/io/media/faults.ts';
import { Video } from '../../../src/io/media/video.ts';
import { ffmpeg, ffprobe, makeClip, plainPicture, temporaryDirectory } from '../../fixtures/clips.ts';
import { turnedCopy } from '../../fixtures/damage.ts';
import { framesOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'), { fps: 30 });
});
afterAll(() => folder.remove());

/** Every frame's time as ffprobe works it out by decoding, in seconds from `start`. */
async function bestEffortTimes(path: string, start: number): Promise<number[]> {
  const { frames = [], streams = [] } = await ffprobe(
    path,
    '-select_streams',
    'v:0',
    '-show_entries',
    'frame=best_effort_timestamp:stream=time_base',
  );
  const [numerator = 0, denominator = 1] = String(streams[0]?.time_base).split('/').map(Number);
  return frames.map((frame) => (Number(frame.best_effort_timestamp) * numerator) / denominator - start);
}

describe('times of frames', () => {
  test('are the presentation times, with reordered (B) frames', async () => {
    const frames = await framesOf(new Video(clip));
    expect(frames.map((frame) => frame.time)).toEqual(await bestEffortTimes(clip, 0));
    expect(frames.map((frame) => frame.index)).toEqual(frames.map((_, index) => index));
  });

  test('are exact at a variable frame rate', async () => {
    await ffmpeg(
      '-i',
      clip,
      '-an',
      '-vf',
      "select='not(mod(n,3))+gt(n,40)',setpts='PTS+mod(N,2)*0.007/TB'",
      '-fps_mode',
      'vfr',
      '-video_track_timescale',
      '12345',
      at('variable.mp4'),
    );
    const video = new Video(at('variable.mp4'));
    const times = (await framesOf(video)).map((frame) => frame.time);
    expect(new Set(times.slice(1).map((time, index) => (time - (times[index] ?? 0)).toFixed(4))).size).toBeGreaterThan(
      2,
    );
    expect(times).toEqual(await bestEffortTimes(video.path, video.info.start));
  });

  test("count from the container's start in a transport stream", async () => {
    await ffmpeg('-i', clip, '-c', 'copy', at('clip.ts'));
    const video = new Video(at('clip.ts'));
    const times = (await framesOf(video)).map((frame) => frame.time);
    expect(times).toEqual(await bestEffortTimes(video.path, video.info.start));
    expect(times[0]).toBeLessThan(0.2);
  });

  test('start late when the picture starts after the sound', async () => {
    await ffmpeg(
      '-itsoffset',
      '0.5',
      '-i',
      clip,
      '-i',
      clip,
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      at('late-picture.mkv'),
    );
    const video = new Video(at('late-picture.mkv'));
    expect((await framesOf(video))[0]?.time).toBeCloseTo(0.5, 1);
    expect(video.info.start).toBeCloseTo(0, 1);
  });
});

describe('pixels of frames', () => {
  test.each(['stretch', 'crop'] as const)('keep their colours to a rounding in %s', async (resize) => {
    const colours = [
      [200, 50, 100],
      [16, 180, 60],
      [250, 250, 250],
    ] as const;
    const path = at('colours.mkv');
    const pictures = colours.flatMap((colour) => Array.from({ length: 5 }, () => plainPicture(64, 48, colour)));
    await encodeClip({ path, width: 64, height: 48, fps: 5, frames: pictures });
    const frames = await framesOf(new Video(path), { resize });
    expect(frames).toHaveLength(15);
    for (const [index, colour] of colours.entries()) {
      const seen = frames[5 * index + 2]?.data.subarray(3 * 500, 3 * 500 + 3) ?? [];
      for (const [channel, value] of colour.entries())
        expect(Math.abs((seen[channel] ?? -99) - value)).toBeLessThanOrEqual(2);
    }
  });

  test('are cropped by the shape they have, when it changes in mid-stream', async () => {
    // blue bars at the left and right tenth of a picture that is shown 3:2, then 2:3
    const encode = async (name: string, width: number, height: number) => {
      const picture = plainPicture(width, height, [0, 255, 0]);
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          if (column < width / 10 || column >= width * 0.9) picture.set([0, 0, 255], (row * width + column) * 3);
      await encodeClip({ path: at(name), width, height, fps: 25, frames: Array.from({ length: 25 }, () => picture) });
    };
    await encode('wide.ts', 240, 160);
    await encode('tall.ts', 160, 240);
    await writeFile(at('turned.ts'), Buffer.concat([await readFile(at('wide.ts')), await readFile(at('tall.ts'))]));
    const blue = (data: Uint8Array) => {
      let count = 0;
      for (let offset = 0; offset < data.length; offset += 3) if ((data[offset + 2] ?? 0) > 128) count += 1;
      return count / (data.length / 3);
    };
    const frames = await framesOf(new Video(at('turned.ts')), { width: 224, height: 224, resize: 'crop' });
    expect(frames.length).toBeGreaterThanOrEqual(49);
    // 3:2 is cut at both sides, beyond the bars; of 2:3 the whole width less 1/8 stays
    expect(blue(frames[10]?.data ?? new Uint8Array(3))).toBeLessThan(0.02);
    const bars = (2 * (0.1 - 1 / 16)) / (7 / 8);
    expect(Math.abs(blue(frames.at(-10)?.data ?? new Uint8Array(3)) - bars)).toBeLessThan(0.02);
  });

  test('crop keeps the displayed shape and cuts out the middle', async () => {
    // shown 160 x 80: a red left and a blue right quarter, green between; the crop's 80 x 80
    // reaches neither edge
    const picture = plainPicture(80, 80, [0, 255, 0]);
    for (let row = 0; row < 80; row++) {
      for (let column = 0; column < 16; column++) picture.set([255, 0, 0], (row * 80 + column) * 3);
      for (let column = 64; column < 80; column++) picture.set([0, 0, 255], (row * 80 + column) * 3);
    }
    await encodeClip({
      path: at('flag.mp4'),
      width: 80,
      height: 80,
      fps: 5,
      frames: Array.from({ length: 5 }, () => picture),
    });
    await ffmpeg('-i', at('flag.mp4'), '-vf', 'setsar=2/1', at('wide-flag.mp4'));
    const corner = async (resize: 'stretch' | 'crop') => {
      const [frame] = await framesOf(new Video(at('wide-flag.mp4')), { width: 64, height: 64, resize });
      return frame?.data.subarray((32 * 64 + 1) * 3, (32 * 64 + 1) * 3 + 3) ?? [];
    };
    const [cropRed = 255, cropGreen = 0] = await corner('crop');
    const [stretchRed = 0, stretchGreen = 255] = await corner('stretch');
    expect(cropGreen - cropRed).toBeGreaterThan(100);
    expect(stretchRed - stretchGreen).toBeGreaterThan(100);
  });

  test('are turned as the display matrix says', async () => {
    const picture = plainPicture(64, 32, [0, 0, 0]);
    for (let row = 0; row < 32; row++)
      for (let column = 0; column < 32; column++) picture.set([255, 255, 255], (row * 64 + column) * 3);
    await encodeClip({
      path: at('left.mp4'),
      width: 64,
      height: 32,
      fps: 5,
      frames: Array.from({ length: 5 }, () => picture),
    });
    await turnedCopy(at('left.mp4'), at('turned.mp4'));
    const [frame] = await framesOf(new Video(at('turned.mp4')), { width: 32, height: 64 });
    const brightness = (row: number) => frame?.data[(row * 32 + 16) * 3] ?? -1;
    expect(brightness(8)).toBeGreaterThan(200);
    expect(brightness(56)).toBeLessThan(50);
  });
});

describe('sampling of frames', () => {
  test('a constant rate gives multiples of its period', async () => {
    const frames = await framesOf(new Video(clip), { fps: 10 });
    expect(frames.map((frame) => frame.time)).toEqual(Array.from({ length: 20 }, (_, index) => index / 10));
  });

  test.each([
    [1, 5],
    [10, 0.5],
    [22, 1],
    [25, 0.1],
  ])('a stream of %i frames, 25 in a second, gives its first at a rate of %d', async (count, fps) => {
    const path = `${folder.path}/short-${count}.mp4`;
    await ffmpeg('-i', clip, '-map', '0:v', '-vf', 'fps=25', '-frames:v', String(count), `${path}.mkv`);
    // with music, which continues
    const sound = ['-f', 'lavfi', '-i', 'sine=d=4'];
    await ffmpeg('-i', `${path}.mkv`, ...sound, '-c:v', 'copy', '-c:a', 'aac', path);
    const verdicts: Verdict[] = [];
    const frames = await framesOf(new Video(path), { fps, onVerdict: (verdict) => void verdicts.push(verdict) });
    expect(frames.map(({ time }) => time)).toEqual([0]);
    expect(verdicts).toMatchObject([{ verdict: 'whole', notes: [] }]);
  });

  test('every n-th gives the same frames and times as taking them from all', async () => {
    const all = await framesOf(new Video(clip));
    expect(await framesOf(new Video(clip), { fps: { every: 7 } })).toEqual(
      all.filter((frame) => frame.index % 7 === 0).map((frame, index) => ({ ...frame, index })),
    );
  });

  test('key frames only gives those that ffprobe marks as such, and the file is still whole', async () => {
    await ffmpeg(
      '-i',
      clip,
      '-c:a',
      'copy',
      '-g',
      '12',
      '-keyint_min',
      '12',
      '-sc_threshold',
      '0',
      '-bf',
      '0',
      at('keys.mp4'),
    );
    const { frames = [] } = await ffprobe(at('keys.mp4'), '-select_streams', 'v:0', '-show_entries', 'frame=key_frame');
    const keys = frames.flatMap((frame, index) => (frame.key_frame === 1 ? [index] : []));
    const all = await framesOf(new Video(at('keys.mp4')));
    const verdicts: string[] = [];
    const sampled = await framesOf(new Video(at('keys.mp4')), {
      fps: 'keyframes',
      onVerdict: ({ verdict }) => void verdicts.push(verdict),
    });
    expect(keys.length).toBeGreaterThan(3);
    expect(sampled.map((frame) => frame.time)).toEqual(keys.map((index) => all[index]?.time));
    expect(verdicts).toEqual(['whole']);
  });
});

describe('options of frames', () => {
  test.each([
    [{ width: 0 }, /`width` must be an integer/],
    [{ fps: 0 }, /`fps` must be a number above 0/],
    [{ fps: { every: 0 } }, /`fps.every` must be/],
    [{ fps: 'all' as 'native' }, /`fps` must be a number above 0, 'native'/],
    [{ resize: 'pad' as 'crop' }, /`resize` must be one of/],
    [{ threads: 0 }, /`threads` must be/],
  ])('%o is refused', async (options, message) => {
    await expect(async () => framesOf(new Video(clip), options)).rejects.toThrow(message);
  });

  test('a video without pictures completes empty', async () => {
    await ffmpeg('-i', clip, '-vn', '-c', 'copy', at('sound.m4a'));
    expect(await framesOf(new Video(at('sound.m4a')))).toEqual([]);
  });

  test('more decoder threads change nothing', async () => {
    expect(await framesOf(new Video(clip), { threads: 3 })).toEqual(await framesOf(new Video(clip)));
  });
});
