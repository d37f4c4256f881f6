import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifyLine, DecoderLog } from '../../../src/io/media/decoder-log.ts';
import { combineVerdicts, type Verdict } from '../../../src/io/media/faults.ts';
import { frames } from '../../../src/io/media/frames.ts';
import { lengthTolerance } from '../../../src/io/media/lengths.ts';
import { Video } from '../../../src/io/media/video.ts';
import { Flow } from '../../../src/operators/flow.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { cut, flipBits, zeroHole } from '../../fixtures/damage.ts';
import { framesOf, patchesOf, verdictOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'), { seconds: 6, width: 320, height: 240 });
});
afterAll(() => folder.remove());

describe('the verdict of a file', () => {
  test('is whole for an undamaged one', async () => {
    expect(await verdictOf(clip)).toMatchObject({ combined: { verdict: 'whole' }, frames: 150, held: 0 });
  });

  test.each(['mp4', 'mkv'])('is partial, truncated, for a %s cut in the middle', async (kind) => {
    const source = kind === 'mp4' ? clip : at('whole.mkv');
    if (kind === 'mkv') await ffmpeg('-i', clip, '-c', 'copy', source);
    const result = await verdictOf(await cut(source, at(`cut.${kind}`), 0.5));
    expect(result.combined).toMatchObject({ verdict: 'partial', reason: 'truncated' });
    expect(result.frames).toBeGreaterThan(20);
    expect(result.frames).toBeLessThan(130);
  });

  test.each([40, 4000])('is partial, corrupt, after %i flipped bits', async (count) => {
    const { combined } = await verdictOf(await flipBits(clip, at(`flipped-${count}.mp4`), count));
    expect(combined).toMatchObject({ verdict: 'partial', reason: 'corrupt' });
    expect(combined.decoderLines.length).toBeGreaterThan(0);
    expect(combined.decoderLines.join()).not.toMatch(/0x[0-9a-f]{6}/);
  });

  test('is partial, corrupt, with a hole of zeros', async () => {
    expect((await verdictOf(await zeroHole(clip, at('hole.mp4')))).combined).toMatchObject({
      verdict: 'partial',
      reason: 'corrupt',
    });
  });

  test('is rejected, corrupt, when nothing at all decodes', async () => {
    const bytes = await readFile(clip);
    bytes.fill(0xff, bytes.indexOf('mdat') + 4);
    await writeFile(at('nothing.mp4'), bytes);
    expect(await verdictOf(at('nothing.mp4'))).toMatchObject({
      combined: { verdict: 'rejected', reason: 'corrupt' },
      frames: 0,
      samples: 0,
    });
  });

  test('is whole where sound is rightly shorter or longer than the picture', async () => {
    await makeClip(at('little-sound.mp4'), { seconds: 3, sound: 1 });
    await ffmpeg('-i', at('little-sound.mp4'), '-c', 'copy', at('little-sound.mkv'));
    await ffmpeg(
      '-i',
      at('little-sound.mp4'),
      '-c',
      'copy',
      '-f',
      'matroska',
      '-live',
      '1',
      at('little-sound-live.mkv'),
    );
    for (const name of ['little-sound.mp4', 'little-sound.mkv', 'little-sound-live.mkv']) {
      expect((await verdictOf(at(name))).combined, name).toMatchObject({ verdict: 'whole' });
    }
  });

  test('is whole where the last picture is shown for long', async () => {
    await ffmpeg('-i', clip, '-an', '-vf', "select='lt(n,10)+eq(n,140)'", '-fps_mode', 'vfr', at('slides.mp4'));
    await ffmpeg('-i', at('slides.mp4'), '-i', clip, '-map', '0:v', '-map', '1:a', '-c', 'copy', at('slides.mkv'));
    expect((await verdictOf(at('slides.mkv'))).combined).toMatchObject({ verdict: 'whole' });
  });
});

describe('a partial stream', () => {
  test('ends in an error after its last frame, and with allowPartial completes with the same frames', async () => {
    const path = await cut(clip, at('half.mp4'), 0.5);
    const seen: number[] = [];
    const scope = new Flow('8MiB').scope('half');
    const failing = new Promise((resolve) => {
      frames(new Video(path), { scope, width: 32, height: 32 }).subscribe({
        next: (frame) => seen.push(frame.time),
        error: resolve,
      });
    });
    expect(await failing).toMatchObject({
      code: 'truncated',
      message: expect.stringMatching(/'half': \d\.\d\d of 6\.00 s of the video stream/),
    });
    expect((await framesOf(new Video(path), { allowPartial: true })).map((frame) => frame.time)).toEqual(seen);
    await expect(patchesOf(new Video(path))).rejects.toMatchObject({ code: 'truncated' });
  });

  test('time in which nobody asks for pictures is not a stall of the decoder', async () => {
    const scope = new Flow('200KiB').scope('slow');
    const video = new Video(clip);
    await video.probe();
    const slowly = frames(video, { scope, width: 32, height: 32, stallTimeout: 2500 }).pipe(
      scope.mapAsync(
        async (frame) => {
          if (frame.index === 50) await new Promise((resolve) => setTimeout(resolve, 3200));
          return frame.index;
        },
        { name: 'slow', concurrency: 1 },
      ),
      toArray(),
    );
    expect(await lastValueFrom(slowly)).toHaveLength(150);
  });
});

describe('timestamps that run away', () => {
  test('do not have silence and repeated pictures made for hours', async () => {
    await ffmpeg(
      ...[
        '-t',
        '4',
        '-i',
        clip,
        '-vf',
        "setpts='PTS+gt(T,2)*7200/TB'",
        '-af',
        "asetpts='PTS+gt(T,2)*7200/TB'",
        '-fps_mode',
        'passthrough',
      ],
      ...['-c:a', 'flac', at('honest.mkv')],
    );
    const bytes = await readFile(at('honest.mkv'));
    // the header claims four seconds
    bytes.writeDoubleBE(4000, bytes.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3);
    for (let tag = bytes.indexOf('02:00:0'); tag >= 0; tag = bytes.indexOf('02:00:0')) bytes.write('00:00:0', tag);
    await writeFile(at('runaway.mkv'), bytes);
    const video = new Video(at('runaway.mkv'));
    expect((await video.probe()).duration).toBeLessThan(10);
    const patches = await patchesOf(video, { patchSamples: 1600, hopSamples: 1600 });
    expect(patches.length).toBeGreaterThanOrEqual(38);
    expect(patches.length).toBeLessThanOrEqual(41);
    expect((await framesOf(video, { fps: 5 })).map((frame) => Math.round(5 * frame.time))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
    const { combined, frames: count } = await verdictOf(video.path);
    expect(combined).toMatchObject({
      verdict: 'whole',
      notes: expect.arrayContaining([expect.stringContaining('the audio stream break off 1 times')]),
    });
    expect(count).toBe(100);
  });
});

describe('combineVerdicts', () => {
  const whole = (decoded: number): Verdict => ({
    verdict: 'whole',
    decoded,
    seconds: decoded,
    decoderLines: [],
    notes: [],
  });
  const partial = (reason: 'corrupt' | 'truncated' | 'timeout', decoded: number): Verdict => {
    return {
      verdict: 'partial',
      reason,
      message: reason,
      decoded,
      seconds: decoded,
      decoderLines: [reason],
      notes: [],
    };
  };

  test('all whole is whole', () => {
    expect(combineVerdicts([whole(3), whole(5)])).toMatchObject({ verdict: 'whole' });
  });

  test('one partial stream makes the file partial, for the gravest reason', () => {
    expect(combineVerdicts([whole(3), partial('corrupt', 0)])).toMatchObject({ verdict: 'partial', reason: 'corrupt' });
    expect(combineVerdicts([partial('corrupt', 2), partial('truncated', 1)])).toMatchObject({
      reason: 'truncated',
      decoderLines: ['corrupt', 'truncated'],
    });
  });

  test('nothing decoded in any stream is rejected', () => {
    expect(combineVerdicts([partial('corrupt', 0), partial('truncated', 0)])).toMatchObject({
      verdict: 'rejected',
      reason: 'truncated',
    });
    expect(combineVerdicts([whole(0)])).toMatchObject({ verdict: 'rejected', reason: 'corrupt' });
  });

  test('no verdict at all is a mistake of the caller', () => {
    expect(() => combineVerdicts([])).toThrow('`verdicts` must hold at least one');
  });
});

describe('lines of the decoder', () => {
  test.each([
    ['[h264 @ 0x5584cccda200] [error] error while decoding MB 3 79, bytestream -27', 'damage'],
    ['[NULL @ 0x1] [error] missing picture in access unit with size 1528', 'damage'],
    ['[error] Error while decoding stream #0:0: Invalid data found when processing input', 'damage'],
    ['[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Error submitting packet to decoder: Invalid data found', 'damage'],
    ['[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [error] stream 0, offset 0x62df3: partial file', 'cut'],
    ['[matroska,webm @ 0x1] [error] File ended prematurely', 'cut'],
    ['[error] Decoder (codec av1) not found for input stream #0:0', 'unsupported'],
    [
      '[null @ 0x1] [error] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 3 >= 3',
      'beside',
    ],
    ['[swscaler @ 0x1] [error] bad dst image pointers', 'beside'],
    ['[error] av_interleaved_write_frame(): Broken pipe', 'beside'],
    ['[h264 @ 0x1] [error] SEI type 5 size 5584 truncated at 5424', 'beside'],
    ['[mp3 @ 0x1] [error] Incorrect BOM value', 'beside'],
    ['[mp3 @ 0x1] [error] Error reading frame TIT2, skipped', 'beside'],
    ['[flv @ 0x1] [error] Missing AMF_END_OF_OBJECT in AMF_DATA_TYPE_MIXEDARRAY, found 0', 'beside'],
    ['[aac @ 0x1] [error] Input buffer exhausted, frame truncated', 'damage'],
    ['[vvc @ 0x1] [error] Experimental feature', 'unsupported'],
    ['[h264 @ 0x1] [warning] number of reference frames exceeds max', 'beside'],
    ['    Last message repeated 3 times', 'beside'],
  ])('%s: %s', (line, kind) => {
    expect(classifyLine(line)).toBe(kind);
  });

  test("another stream's decoder says nothing about this one", () => {
    expect(classifyLine('[ogg @ 0x1] [error] failed to create or replace stream')).toBe('beside');
    expect(classifyLine('[mjpeg @ 0x1] [error] bad vlc', ['mjpeg'])).toBe('beside');
    expect(classifyLine('[mjpeg @ 0x1] [error] bad vlc', ['aac'])).toBe('damage');
  });

  test('a log keeps the last 20 lines however they come, and counts all', () => {
    const log = new DecoderLog();
    const text = Array.from({ length: 50 }, (_, index) => `[aac @ 0x${index}f] [error] fault ${index}\n`).join('');
    for (let offset = 0; offset < text.length; offset += 7) log.write(text.slice(offset, offset + 7));
    log.write('[aac @ 0x1] [error] the last, unfinished');
    log.end();
    expect(log.counts.damage).toBe(51);
    expect(log.lines).toHaveLength(20);
    expect(log.lines.at(-1)).toBe('[aac] [error] the last, unfinished');
  });

  test('the tolerance is half a second, or two per cent of a long stream', () => {
    expect(lengthTolerance(10)).toBe(0.5);
    expect(lengthTolerance(100)).toBe(2);
  });
});
