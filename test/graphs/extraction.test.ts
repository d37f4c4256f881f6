import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { framesPerSecond } from '../../src/graphs/dataflow/bounds.ts';
import { extract } from '../../src/graphs/extract.ts';
import { decodeUnit } from '../../src/io/dataset/arrow.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { ffmpeg, plainPicture, temporaryDirectory, tone } from '../fixtures/clips.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let folder: { path: string; remove: () => Promise<void> };
let networks: { visual: string; audio: string };
const at = (name: string) => join(folder.path, name);

/** A clip whose seconds are each of one shade of grey, with a tone. */
async function shades(name: string, values: readonly number[]): Promise<void> {
  const frames = values.flatMap((value) =>
    Array.from({ length: 25 }, () => plainPicture(64, 48, [value, value, value])),
  );
  const audio = { sampleRate: 44_100, samples: tone(values.length, 44_100) };
  await encodeClip({ path: at(name), width: 64, height: 48, fps: 25, frames, audio });
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  networks = { visual: writeTinyVisual(folder.path), audio: writeTinyAudio(folder.path) };
  await mkdir(at('in'));
  await shades('long.mp4', [20, 60, 100]);
  await shades('short.mp4', [140, 180]);
  // joined recordings: the second one's times begin again, and the file states the length of one of
  // them
  for (const name of ['long', 'short']) await ffmpeg('-i', at(`${name}.mp4`), '-c', 'copy', at(`${name}.ts`));
  await writeFile(at('in/joined.ts'), await readFile(at('long.ts')));
  await appendFile(at('in/joined.ts'), await readFile(at('short.ts')));
  // the same as a whole, by which it is judged
  await shades('in/whole.mp4', [20, 60, 100, 140, 180]);
  // a still picture with music
  await ffmpeg('-i', at('long.mp4'), '-frames:v', '1', at('cover.png'));
  await ffmpeg(
    '-i',
    at('cover.png'),
    '-i',
    at('in/whole.mp4'),
    '-map',
    '0:v',
    '-map',
    '1:a',
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'copy',
    at('in/still.mp4'),
  );
});
afterAll(() => folder.remove());

describe('an extraction', () => {
  test('cuts files by what they hold, not by the length that they state, and says what is odd', async () => {
    const said: string[] = [];
    const out = at('out');
    const summary = await extract({
      ...{ inputs: [at('in')], out, ...networks, subclips: [5], memory: '1GiB', compact: false },
      onMessage: (message) => void said.push(message),
    });
    expect(summary.videos).toMatchObject({ committed: 3, partial: 0, dead: 0 });
    const units = new Map<string, UnitTable>();
    for (const file of readdirSync(out, { recursive: true }) as string[]) {
      if (!file.startsWith('_units')) continue;
      if (!file.endsWith('.arrow')) continue;
      const unit = decodeUnit(readFileSync(join(out, file)), file);
      units.set(unit.itemId, unit);
    }
    const [joined, whole, still] = ['joined', 'whole', 'still'].map((id) => units.get(id) as UnitTable);
    expect([...(whole?.frames ?? [])]).toEqual([25, 25, 25, 25, 25]);
    expect(
      [...(joined?.frames ?? [])].every((count) => Math.abs(count - 25) <= 2),
      joined?.frames.join(),
    ).toBe(true);
    expect(joined?.end.at(-1)).toBeCloseTo(5, 1);
    const visual = (unit: UnitTable | undefined) =>
      unit?.columns.find(({ stream }) => stream === 'visual')?.values ?? [];
    for (const [index, value] of visual(joined).entries())
      expect(value).toBeCloseTo(visual(whole)[index] ?? Number.NaN, 1);

    // five seconds of music under one picture are five rows of music, and the picture in each
    expect([...(still?.frames ?? [])]).toEqual([1, 0, 0, 0, 0]);
    expect([...(still?.patches ?? [])]).toEqual([2, 1, 1, 1, 0]);
    const rows = Array.from({ length: 5 }, (_, row) => visual(still).slice(6 * row, 6 * row + 6));
    for (const row of rows) expect(row).toEqual(rows[0]);

    expect(summary.notes.map(({ item }) => item)).toEqual(['joined']);
    expect(JSON.parse(joined?.metadata.notes ?? '[]')).toContainEqual(expect.stringContaining('break off 1 times'));
    expect(whole?.metadata.notes).toBeUndefined();
    expect(said).toContainEqual(expect.stringMatching(/joined\.ts: .*break off/));
  }, 120_000);
});

describe('framesPerSecond', () => {
  test('of key frames is no more than such streams have', () => {
    expect(framesPerSecond('keyframes', { averageRate: 25, codec: 'h264' })).toBe(2);
    expect(framesPerSecond('keyframes', { averageRate: 1, codec: 'h264' })).toBe(1);
    expect(framesPerSecond('keyframes', { averageRate: 25, codec: 'prores' })).toBe(25);
    expect(framesPerSecond('native', { averageRate: 25, codec: 'h264' })).toBe(25);
    expect(framesPerSecond({ every: 5 }, { averageRate: 25, codec: 'h264' })).toBe(5);
    expect(framesPerSecond(3, { averageRate: 25, codec: 'h264' })).toBe(3);
  });
});
