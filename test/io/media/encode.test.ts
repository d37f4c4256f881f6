import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeClip } from '../../../src/io/media/encode.ts';
import { Video } from '../../../src/io/media/video.ts';
import { plainPicture, temporaryDirectory, tone, walkingBar } from '../../fixtures/clips.ts';
import { framesOf, patchesOf } from '../../fixtures/decoded.ts';
import { childrenOf } from '../../fixtures/process-tree.ts';

let folder: { path: string; remove: () => Promise<void> };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());

/** Encoders that write into this test's directory. */
function encoders(): number[] {
  return childrenOf(process.pid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder.path));
}

describe('encodeClip', () => {
  test('what is encoded comes back: colours, counts, times and a tone', async () => {
    const colours = [
      [200, 40, 40],
      [40, 200, 40],
      [40, 40, 200],
    ] as const;
    const frames = Array.from({ length: 30 }, (_, index) =>
      plainPicture(64, 64, colours[Math.floor(index / 10)] ?? [0, 0, 0]),
    );
    await encodeClip({
      path: at('colours.mp4'),
      width: 64,
      height: 64,
      fps: 10,
      frames,
      audio: { sampleRate: 16_000, samples: tone(3, 16_000) },
    });
    const decoded = await framesOf(new Video(at('colours.mp4')));
    expect(decoded.map((frame) => frame.time)).toEqual(Array.from({ length: 30 }, (_, index) => index / 10));
    for (const frame of decoded) {
      const centre = frame.data.subarray((16 * 32 + 16) * 3, (16 * 32 + 16) * 3 + 3);
      for (const [channel, value] of (colours[Math.floor(frame.index / 10)] ?? []).entries()) {
        expect(Math.abs((centre[channel] ?? 0) - value)).toBeLessThan(12);
      }
    }
    const [patch] = await patchesOf(new Video(at('colours.mp4')));
    const crossings =
      patch?.data.filter((sample, index) => sample >= 0 && (patch.data[index - 1] ?? 0) < 0).length ?? 0;
    expect(Math.abs(crossings / 0.975 - 440)).toBeLessThan(5);
  });

  test('two channels are two', async () => {
    const samples = [tone(1, 22_050), tone(1, 22_050, 880)] as const;
    await encodeClip({
      path: at('stereo.mkv'),
      width: 32,
      height: 32,
      fps: 5,
      frames: walkingBar(32, 32, 5),
      audio: { sampleRate: 22_050, samples },
    });
    expect((await new Video(at('stereo.mkv')).probe()).audio).toMatchObject({ channels: 2, sampleRate: 22_050 });
  });

  test.skipIf(!existsSync('/proc/self/task'))('pictures are pulled no faster than they are encoded', async () => {
    let ahead = 0;
    async function* pictures() {
      for (let index = 0; index < 400; index++) {
        ahead = index;
        // An encoder that stands still is the slowest there is.
        if (index === 5) for (const pid of encoders()) process.kill(pid, 'SIGSTOP');
        yield plainPicture(640, 480, [index % 256, 0, 0]);
      }
    }
    const controller = new AbortController();
    const encoding = encodeClip({
      path: at('aborted.mp4'),
      width: 640,
      height: 480,
      fps: 25,
      frames: pictures(),
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 500);
    await expect(encoding).rejects.toMatchObject({ code: 'aborted' });
    expect(ahead).toBeLessThan(399);
  });

  test('what is invalid is refused', async () => {
    const base = { path: at('bad.mp4'), width: 32, height: 32, fps: 5, frames: walkingBar(32, 32, 5) };
    await expect(encodeClip({ ...base, width: 33 })).rejects.toThrow('`width` must be even, but is 33');
    await expect(encodeClip({ ...base, frames: [new Uint8Array(7)] })).rejects.toThrow(
      '`frames` must give Uint8Arrays of 3072 bytes, but gave one of 7',
    );
    await expect(encodeClip({ ...base, audio: { sampleRate: 8000, samples: [] as never } })).rejects.toThrow(
      '`audio.samples` must be',
    );
    await expect(encodeClip({ ...base, path: at('no/such/directory.mp4') })).rejects.toMatchObject({
      code: 'unsupported',
      decoderLines: expect.arrayContaining([expect.stringContaining('No such file')]),
    });
    const failing = (function* () {
      yield plainPicture(32, 32, [0, 0, 0]);
      throw new Error('the painter fell ill');
    })();
    await expect(encodeClip({ ...base, frames: failing })).rejects.toThrow('the painter fell ill');
  });
});
