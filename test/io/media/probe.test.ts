import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../../../src/io/media/probe.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { cut, randomBytes, turnedCopy } from '../../fixtures/damage.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'));
});
afterAll(() => folder.remove());

describe('what probe tells of a good file', () => {
  test('streams, sizes, rates and durations', async () => {
    const info = await probe(clip);
    expect(info.container).toContain('mp4');
    expect(info.video).toMatchObject({
      width: 160,
      height: 120,
      rotation: 0,
      pixelAspect: 1,
      averageRate: 25,
      frameCount: 50,
      duration: 2,
      start: 0,
    });
    expect(info.audio).toMatchObject({ codec: 'aac', sampleRate: 44_100, channels: 1 });
    expect(info.duration).toBe(2);
    expect(info.start).toBe(0);
  });

  test('a display matrix turns the displayed size', async () => {
    const bytes = await turnedCopy(clip, at('turned.mp4'));
    expect((await probe(bytes)).video).toMatchObject({
      width: 160,
      height: 120,
      rotation: 90,
      displayWidth: 120,
      displayHeight: 160,
    });
  });

  test('pixels that are not square widen the displayed size', async () => {
    await ffmpeg('-i', clip, '-vf', 'setsar=2/1', '-an', at('wide.mp4'));
    expect((await probe(at('wide.mp4'))).video).toMatchObject({
      width: 160,
      pixelAspect: 2,
      displayWidth: 320,
      displayHeight: 120,
    });
  });

  test('of several audio tracks the default one is chosen, else the first', async () => {
    const tracks = [
      '-i',
      clip,
      '-f',
      'lavfi',
      '-i',
      'sine=880:d=2:r=22050',
      '-map',
      '0:v',
      '-map',
      '0:a',
      '-map',
      '1:a',
      '-c:v',
      'copy',
    ];
    await ffmpeg(...tracks, '-disposition:a:0', '0', '-disposition:a:1', 'default', at('second.mkv'));
    await ffmpeg(...tracks, '-disposition:a:0', '0', '-disposition:a:1', '0', at('neither.mkv'));
    expect((await probe(at('second.mkv'))).audio).toMatchObject({ index: 2, sampleRate: 22_050 });
    expect((await probe(at('neither.mkv'))).audio).toMatchObject({ index: 1, sampleRate: 44_100 });
  });

  test('video without sound, and sound without video', async () => {
    await ffmpeg('-i', clip, '-an', '-c', 'copy', at('mute.mp4'));
    await ffmpeg('-i', clip, '-vn', '-c', 'copy', at('sound.m4a'));
    expect((await probe(at('mute.mp4'))).audio).toBeUndefined();
    const sound = await probe(at('sound.m4a'));
    expect(sound.video).toBeUndefined();
    expect(sound.duration).toBe(sound.audio?.duration);
  });

  test('cover art is not a video', async () => {
    await ffmpeg('-i', clip, '-frames:v', '1', at('cover.png'));
    await ffmpeg(
      '-i',
      clip,
      '-i',
      at('cover.png'),
      '-map',
      '0:a',
      '-map',
      '1:v',
      '-c',
      'copy',
      '-disposition:v:0',
      'attached_pic',
      at('song.m4a'),
    );
    const info = await probe(at('song.m4a'));
    expect(info.video).toBeUndefined();
    expect(info.leftOut).toEqual([expect.stringContaining('cover art')]);
  });

  test('a transport stream, whose clock does not start at zero, starts at zero', async () => {
    await ffmpeg('-i', clip, '-c', 'copy', at('clip.ts'));
    const info = await probe(at('clip.ts'));
    expect(info.start).toBeGreaterThan(1);
    expect(Math.min(info.video?.start ?? 9, info.audio?.start ?? 9)).toBe(0);
    expect(info.duration).toBeCloseTo(2, 1);
  });

  test("Matroska states durations per stream as tags; without them the container's counts", async () => {
    await ffmpeg(
      '-i',
      clip,
      '-f',
      'lavfi',
      '-i',
      'sine=440:d=5',
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c:v',
      'copy',
      at('longer-sound.mkv'),
    );
    const info = await probe(at('longer-sound.mkv'));
    expect(info.video?.duration).toBeCloseTo(2, 1);
    expect(info.audio?.duration).toBeCloseTo(5, 1);
  });

  test('a stream without any stated duration has that of its packets', async () => {
    await ffmpeg('-i', clip, '-vn', '-c', 'copy', '-f', 'adts', at('raw.aac'));
    await ffmpeg('-i', clip, '-c', 'copy', '-f', 'matroska', '-live', '1', at('live.mkv'));
    expect((await probe(at('raw.aac'))).audio).toMatchObject({
      durationSource: 'packets',
      duration: expect.closeTo(2.02, 1),
    });
    expect((await probe(at('live.mkv'))).duration).toBeCloseTo(2, 1);
  });
});

describe('what probe says of a file that is invalid', () => {
  const refused = async (name: string, content: Uint8Array | string) => {
    await writeFile(at(name), content);
    return probe(at(name));
  };

  test.each([
    ['zero bytes', 'empty.mp4', new Uint8Array(0), 'empty'],
    ['text named as a video', 'text.mp4', 'This is a letter and no film.\n'.repeat(100), 'not-media'],
    ['random bytes named as a video', 'random.mp4', randomBytes(100_000), 'corrupt'],
    ['random bytes named as sound', 'random.mp3', randomBytes(100_000), 'corrupt'],
    ['random bytes without a name', 'random.bin', randomBytes(100_000), 'not-media'],
  ])('%s', async (_, name, content, code) => {
    await expect(refused(name, content)).rejects.toMatchObject({ code });
  });

  test('an MP4 whose index at the end is cut off is corrupt', async () => {
    await ffmpeg('-i', clip, '-c', 'copy', at('index-last.mp4'));
    await expect(probe(await cut(at('index-last.mp4'), at('no-index.mp4'), 0.7))).rejects.toMatchObject({
      code: 'corrupt',
    });
  });

  test('a file with subtitles only has no streams', async () => {
    await writeFile(at('words.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
    await ffmpeg('-i', at('words.srt'), at('words.mkv'));
    await expect(probe(at('words.mkv'))).rejects.toMatchObject({ code: 'no-streams' });
  });

  test('missing files, directories and links to nowhere are unreadable', async () => {
    await mkdir(at('directory.mp4'));
    await symlink(at('nowhere'), at('dangling.mp4'));
    for (const name of ['missing.mp4', 'directory.mp4', 'dangling.mp4']) {
      await expect(probe(at(name))).rejects.toMatchObject({ code: 'unreadable' });
    }
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be read is unreadable', async () => {
    await copyFile(clip, at('secret.mp4'));
    await chmod(at('secret.mp4'), 0);
    await expect(probe(at('secret.mp4'))).rejects.toMatchObject({ code: 'unreadable' });
  });

  test('pictures larger than allowed are unsupported', async () => {
    await expect(probe(clip, { maximumPixels: 100 * 100 })).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('an aborted look ends as aborted', async () => {
    await expect(probe(clip, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('files that would have others read', () => {
  test.each([
    ['a concat script', "ffconcat version 1.0\nfile 'clip.mp4'\n"],
    ['a playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nclip.mp4\n#EXT-X-ENDLIST\n'],
  ])('%s is not media, whatever its name', async (_, content) => {
    for (const name of ['list.mp4', 'list.m3u8', 'list.ffconcat', 'list.ts']) {
      await writeFile(at(name), content);
      await expect(probe(at(name))).rejects.toMatchObject({ code: 'not-media' });
    }
  });

  test('a still picture, and a name that numbers pictures, are not expanded', async () => {
    await ffmpeg('-i', clip, '-frames:v', '3', at('still%d.png'));
    await expect(probe(at('still1.png'))).rejects.toMatchObject({ code: 'not-media' });
    await expect(probe(at('still%d.png'))).rejects.toMatchObject({ code: 'unreadable' });
  });
});
