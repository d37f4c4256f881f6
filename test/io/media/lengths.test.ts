import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DoubtfulLength } from '../../../src/io/media/decoding-options.ts';
import type { FrameSampling } from '../../../src/io/media/frames.ts';
import { Video } from '../../../src/io/media/video.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { framesOf, patchesOf, verdictOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  await makeClip(at('long.mp4'), { seconds: 4 });
  await makeClip(at('short.mp4'), { seconds: 3 });
  for (const name of ['long', 'short']) {
    for (const kind of ['ts', 'mkv']) await ffmpeg('-i', at(`${name}.mp4`), '-c', 'copy', at(`${name}.${kind}`));
    await ffmpeg('-i', at(`${name}.mp4`), '-c:v', 'mpeg2video', '-c:a', 'mp2', at(`${name}.vob`));
    await ffmpeg('-i', at(`${name}.mp4`), '-vn', '-c:a', 'libvorbis', '-ar', '48000', at(`${name}.ogg`));
  }
  for (const kind of ['ts', 'mkv', 'vob', 'ogg']) {
    await writeFile(at(`joined.${kind}`), await readFile(at(`long.${kind}`)));
    await appendFile(at(`joined.${kind}`), await readFile(at(`short.${kind}`)));
  }
});
afterAll(() => folder.remove());

/** Frames of each second. */
async function perSecond(path: string, fps: FrameSampling = 'native'): Promise<number[]> {
  const video = new Video(path);
  await video.measure();
  const times = (await framesOf(video, { fps })).map((frame) => frame.time);
  return Array.from(
    { length: Math.ceil(video.duration - 0.1) },
    (_, second) => times.filter((time) => Math.floor(time + 1e-6) === second).length,
  );
}

describe('recordings joined with `cat`', () => {
  test.each(['ts', 'vob', 'mkv'])(
    'of kind %s are as long as both when they are measured, and continue without a gap',
    async (kind) => {
      const video = new Video(at(`joined.${kind}`));
      await video.measure();
      expect(video.info).toMatchObject({ measured: true, video: { breaks: 1, durationSource: 'packets' } });
      expect(Math.abs(video.duration - 7)).toBeLessThan(0.15);
      const counts = await perSecond(video.path);
      expect(counts).toHaveLength(7);
      expect(
        counts.every((count) => count >= 23 && count <= 27),
        counts.join(),
      ).toBe(true);
      expect((await verdictOf(video.path)).combined).toMatchObject({
        verdict: 'whole',
        notes: expect.arrayContaining([expect.stringContaining('break off 1 times')]),
      });
    },
  );

  test('are in order at a constant rate and by key frames too', async () => {
    expect(await perSecond(at('joined.ts'), 4)).toEqual([4, 4, 4, 4, 4, 4, 4]);
    const video = new Video(at('joined.ts'));
    await video.measure();
    const keys = (await framesOf(video, { fps: 'keyframes' })).map((frame) => frame.time);
    expect(
      keys.some((time) => Math.abs(time - 4) < 0.1),
      keys.join(),
    ).toBe(true);
  });

  test('keep all of their sound', async () => {
    for (const kind of ['ts', 'ogg']) {
      const { samples } = await verdictOf(at(`joined.${kind}`));
      expect(Math.abs(samples / 16_000 - 7), kind).toBeLessThan(0.2);
    }
  });

  const lastTag = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125, 'x')]);
  const joinMp3s = async (...between: Buffer[]): Promise<Buffer> => {
    for (const name of ['long', 'short'])
      await ffmpeg('-i', at(`${name}.mp4`), '-vn', '-c:a', 'libmp3lame', '-metadata', 'title=A', at(`${name}.mp3`));
    return Buffer.concat([await readFile(at('long.mp3')), ...between, await readFile(at('short.mp3'))]);
  };

  test.each([
    ['a tag', [], [expect.stringMatching(/complained \d times about tags between the parts/)]],
    // ffmpeg passes over both without a word
    ['a tag at the end of one and the beginning of the other', [lastTag], []],
  ])('of kind mp3 are whole, with %s in the join', async (name, between, notes) => {
    const path = at(`joined-by-${name.replaceAll(' ', '-')}.mp3`);
    await writeFile(path, await joinMp3s(...between));
    const { combined, samples } = await verdictOf(path);
    expect(combined).toMatchObject({ verdict: 'whole', notes });
    expect(Math.abs(samples / 16_000 - 7)).toBeLessThan(0.2);
  });

  test.each([
    ['a second before the join', -12_000],
    ['a second behind it', 12_000],
  ])('of kind mp3 are corrupt where a frame is spoilt %s', async (name, distance) => {
    const joined = await joinMp3s();
    const from = (await readFile(at('long.mp3'))).length + distance;
    joined.fill(0, from, from + 1000);
    const path = at(`spoilt-${name.replaceAll(' ', '-')}.mp3`);
    await writeFile(path, joined);
    expect((await verdictOf(path)).combined).toMatchObject({ verdict: 'partial', reason: 'corrupt' });
  });

  test('are told apart as soon as their times contradict the stated length, by who wants to begin again', async () => {
    const video = new Video(at('joined.ts'));
    expect((await video.probe()).measured).toBe(false);
    await expect(framesOf(video, { stopInDoubt: true })).rejects.toBeInstanceOf(DoubtfulLength);
    await expect(patchesOf(video, { stopInDoubt: true })).rejects.toBeInstanceOf(DoubtfulLength);
    await video.measure();
    expect((await framesOf(video, { stopInDoubt: true })).length).toBeGreaterThan(170);
    await patchesOf(video, { stopInDoubt: true });
  });
});

describe('a file that states a wrong length', () => {
  /** Writes a number into the metadata of an FLV. */
  async function stating(name: string, seconds: number): Promise<string> {
    await ffmpeg('-i', at('long.mp4'), '-c', 'copy', at(name));
    const bytes = await readFile(at(name));
    bytes.writeDoubleBE(seconds, bytes.indexOf('duration') + 'duration'.length + 1);
    await writeFile(at(name), bytes);
    return at(name);
  }

  test('too short: what came is told, and the length is measured on demand', async () => {
    const video = new Video(await stating('short.flv', 1));
    expect((await video.probe()).duration).toBeLessThan(1.5);
    await expect(framesOf(video, { stopInDoubt: true })).rejects.toBeInstanceOf(DoubtfulLength);
    expect((await video.measure()).duration).toBeCloseTo(4, 1);
    expect((await verdictOf(video.path)).combined).toMatchObject({
      verdict: 'whole',
      notes: expect.arrayContaining([
        expect.stringMatching(/^the file states 1\.00 s and its video stream lasts 4\.0/),
      ]),
    });
  });

  /**
   * A Matroska file of 4 s whose streams do not say how long they are, and which itself says what
   * it is told to.
   */
  async function mkvStating(name: string, seconds: number): Promise<string> {
    const bytes = await readFile(at('long.mkv'));
    for (let tag = bytes.indexOf('DURATION'); tag >= 0; tag = bytes.indexOf('DURATION')) bytes.write('UNKNOWN_', tag);
    // The identifier of the segment's length, and the size of a double.
    bytes.writeDoubleBE(1000 * seconds, bytes.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3);
    await writeFile(at(name), bytes);
    return at(name);
  }

  test.each([
    ['short', 1],
    ['long', 9999],
  ])(
    'in its container alone, too %s: it is said once of the file, and its streams are whole',
    async (name, seconds) => {
      const path = await mkvStating(`${name}-container.mkv`, seconds);
      const info = await new Video(path).measure();
      expect(info).toMatchObject({ statedDuration: seconds, video: { durationSource: 'packets' } });
      const video = new Video(path);
      await video.measure();
      const { combined } = await verdictOf(video);
      expect(combined.verdict).toBe('whole');
      expect(combined.notes).toEqual([
        expect.stringMatching(`^the file claims ${seconds}\\.00 s but lasts 4\\.0\\d s$`),
      ]);
    },
  );

  test('in its container alone, and right, is not said', async () => {
    const video = new Video(await mkvStating('right-container.mkv', 4));
    expect((await video.probe()).video?.durationSource).toBe('container');
    expect((await verdictOf(video)).combined).toMatchObject({ verdict: 'whole', notes: [] });
  });

  test.each([2_147_483.63, 4_294_967.295])('%d s, which nobody can mean, is measured at once', async (seconds) => {
    const path = await stating(`absurd-${seconds}.flv`, seconds);
    expect((await new Video(path).probe()).duration).toBeCloseTo(4, 1);
    expect(await verdictOf(path)).toMatchObject({ combined: { verdict: 'whole' }, frames: 100 });
  });

  test('0xFFFFFFFF in a fragmented MP4 is not a length', async () => {
    await ffmpeg('-i', at('long.mp4'), '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov', at('fragments.mp4'));
    const bytes = await readFile(at('fragments.mp4'));
    for (let box = bytes.indexOf('mdhd'); box >= 0; box = bytes.indexOf('mdhd', box + 4))
      bytes.writeUInt32BE(0xffffffff, box + 4 + 16);
    await writeFile(at('unknown.mp4'), bytes);
    expect((await new Video(at('unknown.mp4')).probe()).duration).toBeLessThan(4.2);
    expect((await verdictOf(at('unknown.mp4'))).combined.verdict).toBe('whole');
  });

  test('the one of a still picture with music is not that of the music', async () => {
    await ffmpeg('-i', at('long.mp4'), '-map', '0:v', '-frames:v', '1', '-c:v', 'libx264', at('still.mkv'));
    await ffmpeg(
      '-i',
      at('still.mkv'),
      '-i',
      at('long.mp4'),
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      at('art-track.mkv'),
    );
    const info = await new Video(at('art-track.mkv')).probe();
    expect(info.video?.duration).toBeLessThan(0.5);
    expect(info.duration).toBeCloseTo(4, 1);
    expect((await verdictOf(at('art-track.mkv'))).combined.verdict).toBe('whole');
  });
});

describe('raw streams', () => {
  test.each([
    ['h264', 'libx264'],
    ['m2v', 'mpeg2video'],
  ])('.%s has as many seconds as packets over its rate', async (kind, codec) => {
    await ffmpeg('-i', at('long.mp4'), '-an', '-c:v', codec, at(`raw.${kind}`));
    const info = await new Video(at(`raw.${kind}`)).probe();
    expect(info).toMatchObject({ measured: true, video: { averageRate: 25 } });
    expect(info.duration).toBeCloseTo(4, 1);
    expect((await perSecond(at(`raw.${kind}`))).every((count) => Math.abs(count - 25) <= 1)).toBe(true);
    await ffmpeg('-i', at('long.mp4'), '-an', '-frames:v', '1', '-c:v', codec, at(`one.${kind}`));
    expect((await new Video(at(`one.${kind}`)).probe()).duration).toBeGreaterThan(0);
  });
});

describe('the timeline', () => {
  test('ends with pictures that start late', async () => {
    await ffmpeg(
      '-itsoffset',
      '2',
      '-i',
      at('long.mp4'),
      '-i',
      at('long.mp4'),
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      at('late.mkv'),
    );
    const info = await new Video(at('late.mkv')).probe();
    expect(info.duration).toBeCloseTo(6, 1);
    expect(info.video?.start).toBeCloseTo(2, 1);
  });

  test('ends with the sound where that is longer by more than a tolerance, else with the pictures', async () => {
    await makeClip(at('more-sound.mp4'), { seconds: 2, sound: 5 });
    expect((await new Video(at('more-sound.mp4')).probe()).duration).toBeCloseTo(5, 1);
    await makeClip(at('little-more.mp4'), { seconds: 2, sound: 2.3 });
    expect((await new Video(at('little-more.mp4')).probe()).duration).toBe(2);
  });
});

describe('a stream that begins late', () => {
  test.each(['picture', 'sound'])('%s: it is looked for further on', async (which) => {
    const late = which === 'picture' ? ['1:a', '0:v'] : ['1:v', '0:a'];
    const other = await makeClip(at(`base-${which}.mp4`), { seconds: 14 });
    await ffmpeg(
      '-itsoffset',
      '9',
      '-i',
      at('long.mp4'),
      '-i',
      other,
      '-map',
      late[1] as string,
      '-map',
      late[0] as string,
      '-c',
      'copy',
      '-muxdelay',
      '0',
      at(`late-${which}.ts`),
    );
    const video = new Video(at(`late-${which}.ts`));
    const info = await video.probe();
    expect(info.leftOut).toEqual([]);
    expect((which === 'picture' ? info.video : info.audio)?.start).toBeCloseTo(9, 0);
    const { frames, samples, combined } = await verdictOf(video.path);
    expect(combined.verdict).toBe('whole');
    expect(which === 'picture' ? frames / 25 : samples / 16_000).toBeCloseTo(4, 0);
  });
});
