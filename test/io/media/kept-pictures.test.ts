import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keptPictures } from '../../../src/io/media/kept-pictures.ts';
import { probe } from '../../../src/io/media/probe.ts';
import type { ProbedStream } from '../../../src/io/media/probe-report.ts';
import { ffmpeg, temporaryDirectory } from '../../fixtures/clips.ts';

let folder: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());

async function keptIn(name: string, ...encoding: string[]): Promise<number | undefined> {
  const path = join(folder.path, name);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25', '-frames:v', '20', ...encoding, path);
  return (await probe(path)).video?.keptPictures;
}

describe('the pictures that a decoder keeps', () => {
  const x264 = (references: number, ...more: string[]) => [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-refs', String(references)],
    ...more,
  ];

  test.each(['mp4', 'mkv', 'ts', 'h264', 'flv'])('are those that H.264 states, in .%s', async (kind) => {
    expect(await keptIn(`three.${kind}`, ...x264(3))).toBe(3);
    expect(await keptIn(`sixteen.${kind}`, ...x264(16))).toBe(16);
  });

  test('are more by those that wait for their turn', async () => {
    expect(await keptIn('waiting.mp4', ...x264(4, '-bf', '3'))).toBeGreaterThan(4);
  });

  test.each([
    ['yuv444p', 'high444'],
    ['yuv422p10le', 'high422'],
  ])('are read behind what the profile of %s tells of the pictures', async (format) => {
    expect(await keptIn(`${format}.mp4`, ...x264(5, '-pix_fmt', format))).toBe(5);
    // lists of scaling, which stand before it
    expect(await keptIn(`scaled-${format}.mp4`, ...x264(5, '-pix_fmt', format, '-x264-params', 'cqm=jvt'))).toBe(5);
  });

  test.each(['mp4', 'mkv', 'ts'])('are those that HEVC states, in .%s', async (kind) => {
    const x265 = (parameters: string) => [
      ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `log-level=none:${parameters}`],
    ];
    const few = await keptIn(`few.${kind}`, ...x265('ref=1:bframes=0'));
    const many = await keptIn(`many.${kind}`, ...x265('ref=6:bframes=4:b-pyramid=1'));
    expect(few).toBeLessThanOrEqual(4);
    expect(many).toBeGreaterThanOrEqual(6);
    expect(many).toBeLessThan(11);
  });

  test('are what the codec allows where a stream does not say, or is small', async () => {
    const kept = (stream: Omit<ProbedStream, 'index'>) =>
      keptPictures(join(folder.path, 'three.h264'), { index: 0, ...stream }, { timeout: 30_000 });
    expect(await kept({ codec_name: 'h264', has_b_frames: 2, width: 320, height: 180 })).toBe(18);
    expect(await kept({ codec_name: 'hevc', width: 320, height: 180 })).toBe(17);
    // those of H.264 say nothing of HEVC
    await keptIn('three.h264', ...x264(3));
    expect(await kept({ codec_name: 'hevc', width: 640, height: 360 })).toBe(17);
    expect(await kept({ codec_name: 'vp9' })).toBe(8);
    expect(await kept({ codec_name: 'mpeg2video', has_b_frames: 1 })).toBe(3);
  });

  test('are found in a file that carries megabytes beside its streams', async () => {
    await writeFile(join(folder.path, 'font.ttf'), Buffer.alloc(4 << 20, 'font'));
    const attached = ['-attach', join(folder.path, 'font.ttf'), '-metadata:s:t', 'mimetype=font/ttf'];
    expect(await keptIn('attached.mkv', ...attached, ...x264(3))).toBe(3);
  });
});
