import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { video } from '../../../src/io/media/video.ts';
import { untilNoDecoder } from '../../fixtures/child-processes.ts';
import { makeClip, temporaryDirectory } from '../../fixtures/clips.ts';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let clip: string;
beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(join(folder.path, 'clip.mp4'), { seconds: 20, width: 320, height: 240 });
});
afterAll(() => folder.remove());

describe('a loop over the frames of a video', () => {
  it('gets every frame with its time, in order', async () => {
    const times: number[] = [];
    for await (const { time } of video(clip).frames({ width: 32, height: 24 })) times.push(time);
    expect(times).toHaveLength(500);
    expect(times).toEqual(times.map((_, index) => expect.closeTo(index / 25, 5)));
  });

  it('gets each frame whole, although its memory is used again', async () => {
    const differences: number[] = [];
    let before: Uint8Array | undefined;
    for await (const { data } of video(clip).frames({ fps: 5, width: 64, height: 48 })) {
      const copy = data.slice();
      if (before) differences.push(copy.reduce((sum, value, at) => sum + Math.abs(value - (before?.[at] ?? 0)), 0));
      before = copy;
    }
    expect(differences).toHaveLength(99);
    expect(Math.min(...differences)).toBeGreaterThan(0);
  });

  it('takes an option that is undefined for one that was not given', async () => {
    const first = async (options: Parameters<ReturnType<typeof video>['frames']>[0]) => {
      for await (const { data } of video(clip).frames({ width: 64, height: 64, ...options })) return data.slice();
      return undefined;
    };
    const usual = await first({});
    expect(await first({ resize: undefined, fps: undefined })).toEqual(usual);
    expect(await first({ resize: 'stretch' })).not.toEqual(usual);
  });

  it('ends the decoder when it is left', async () => {
    let seen = 0;
    for await (const _ of video(clip).frames({ width: 320, height: 240 })) if (++seen === 3) break;
    expect(seen).toBe(3);
    await untilNoDecoder(folder.path);
  });

  it('ends the decoder when its body throws', async () => {
    const loop = async () => {
      for await (const { time } of video(clip).frames()) throw new Error(`no more after ${time}`);
    };
    await expect(loop()).rejects.toThrow('no more after 0');
    await untilNoDecoder(folder.path);
  });

  it('ends in what is wrong with the file', async () => {
    const loop = async () => {
      for await (const _ of video(join(folder.path, 'gone.mp4')).frames()) throw new Error('a frame of nothing');
    };
    await expect(loop()).rejects.toMatchObject({ code: 'unreadable' });
  });

  it('gets patches of sound likewise', async () => {
    const times: number[] = [];
    for await (const { time } of video(clip).audio()) times.push(time);
    expect(times.length).toBeGreaterThan(18);
    expect(times[1]).toBeCloseTo(0.96, 2);
  });
});
