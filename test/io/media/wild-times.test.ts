import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Video } from '../../../src/io/media/video.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { framesOf, verdictOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  await makeClip(at('long.mp4'), { seconds: 4 });
});
afterAll(() => folder.remove());

describe('a wild timestamp', () => {
  test('of a picture costs none of the others their times', async () => {
    const bytes = await readFile(at('long.mp4'));
    // the table of what presentation is behind decoding: 600 s for one picture
    const entries = bytes.indexOf('ctts') + 12;
    let entry = 25;
    while (bytes.readUInt32BE(entries + 8 * entry) !== 1) entry += 1;
    bytes.writeUInt32BE(600 * 12_800, entries + 8 * entry + 4);
    // no edit list, which would cut it off
    for (let box = bytes.indexOf('edts'); box >= 0; box = bytes.indexOf('edts')) bytes.write('free', box);
    await writeFile(at('wild.mp4'), bytes);
    const video = new Video(at('wild.mp4'));
    expect((await video.probe()).duration).toBeLessThan(4.2);
    for (const measured of [false, true]) {
      if (measured) await video.measure();
      const times = (await framesOf(video)).map((frame) => frame.time);
      expect(times).toHaveLength(100);
      // the wild one comes out of its turn, all others keep their times
      for (const [index, time] of times.entries())
        expect(Math.abs(time - (times[0] ?? 0) - index / 25), String(measured)).toBeLessThan(0.1);
      expect((await framesOf(video, { fps: 25 })).length).toBeLessThan(105);
    }
    expect((await verdictOf(video.path)).combined).toMatchObject({
      verdict: 'whole',
      notes: [expect.stringContaining('break off 1 times')],
    });
  });

  test('behind which a writer let all others crawl costs none of them their times', async () => {
    await ffmpeg(
      '-i',
      at('long.mp4'),
      '-map',
      '0:v',
      '-c:v',
      'libx264',
      '-bf',
      '0',
      '-bsf:v',
      "setts=ts='if(eq(N,30),PTS+90000*300,if(gt(N,30),PREV_OUTPTS+1,PTS))'",
      '-f',
      'mpegts',
      at('crawl.ts'),
    );
    const video = new Video(at('crawl.ts'));
    await video.measure();
    const seconds = (await framesOf(video)).map(({ time }) => Math.floor(time + 1e-6));
    expect([0, 1, 2, 3].map((second) => seconds.filter((own) => own === second).length)).toEqual([25, 25, 25, 25]);
    expect(video.duration).toBeCloseTo(4, 1);
  });
});

describe('times ahead', () => {
  const streams = { pictures: ['-an', '-bsf:v'], sound: ['-vn', '-bsf:a'] } as const;

  test.each([
    ['of one packet of sound', 'sound', 'mka', 'eq(N,90)'],
    ['of all sound from one on', 'sound', 'mka', 'gte(N,90)'],
    ['of all sound from one on, in an index', 'sound', 'm4a', 'gte(N,90)'],
    ['of all pictures from one on', 'pictures', 'mkv', 'gte(N,70)'],
  ] as const)(
    '%s are closed up: the length is that of what there is, and it is noted',
    async (_, kind, ending, when) => {
      const path = at(`hour-${when.slice(0, 3)}-${kind}.${ending}`);
      const ahead = `if(${when},3600/TB,0)`;
      const setts = `setts=pts='PTS+${ahead}':dts='DTS+${ahead}'`;
      await ffmpeg('-i', at('long.mp4'), '-c', 'copy', ...streams[kind], setts, path);
      const video = new Video(path);
      expect(Math.abs((await video.probe()).duration - 4)).toBeLessThan(0.15);
      expect((await verdictOf(video)).combined).toMatchObject({
        verdict: 'whole',
        notes: [expect.stringContaining('break off 1 times')],
      });
    },
  );

  test('of the presentation of one picture cost neither it nor its neighbours anything', async () => {
    const setts = `setts=pts='if(eq(N,70),PTS+1000/TB,PTS)'`;
    await ffmpeg('-i', at('long.mp4'), '-c', 'copy', '-bsf:v', setts, at('presented.mkv'));
    const video = new Video(at('presented.mkv'));
    const info = await video.probe();
    expect(info.duration).toBeCloseTo(4, 1);
    expect(info.video).toMatchObject({ breaks: 1, statedDuration: undefined });
    const { combined, frames } = await verdictOf(video);
    expect(frames).toBe(100);
    expect(combined).toMatchObject({ verdict: 'whole', notes: [expect.stringContaining('break off 1 times')] });
    expect((await framesOf(video, { fps: 5 })).length).toBeLessThanOrEqual(21);
  });

  test('seconds ahead that an index states are believed', async () => {
    const slow = "setts=pts='PTS+if(gte(N,50),20/TB,0)':dts='DTS+if(gte(N,50),20/TB,0)'";
    await ffmpeg('-i', at('long.mp4'), '-an', '-c', 'copy', '-bsf:v', slow, at('held.mp4'));
    const video = new Video(at('held.mp4'));
    await video.measure();
    expect(video.duration).toBeCloseTo(24, 0);
    expect((await framesOf(video)).at(-1)?.time).toBeGreaterThan(23);
    expect((await verdictOf(video)).combined).toMatchObject({ verdict: 'whole', notes: [] });
    const gap = "setts=pts='PTS+if(gte(N,90),30/TB,0)':dts='DTS+if(gte(N,90),30/TB,0)'";
    await ffmpeg('-i', at('long.mp4'), '-vn', '-c', 'copy', '-bsf:a', gap, at('gap.m4a'));
    const sound = new Video(at('gap.m4a'));
    await sound.measure();
    expect(sound.info.audio).toMatchObject({ breaks: 0 });
    expect(sound.info.audio?.longestGap).toBeCloseTo(30, 1);
    expect(sound.duration).toBeCloseTo(34, 0);
  });
});
