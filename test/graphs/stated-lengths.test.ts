import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extract } from '../../src/graphs/extract.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { unitSummary } from '../../src/io/dataset/unit-summary.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let folder: { path: string; remove: () => Promise<void> };
let common: { inputs: string[]; visual: string; audio: string; subclips: number[]; memory: string; compact: boolean };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  const networks = { visual: writeTinyVisual(folder.path), audio: writeTinyAudio(folder.path) };
  common = { inputs: [at('stated.flv')], ...networks, subclips: [4], memory: '1GiB', compact: false };
  await makeClip(at('clip.mp4'), { seconds: 4 });
  // Four seconds, of which the file itself states one; its streams state nothing.
  await ffmpeg('-i', at('clip.mp4'), '-c', 'copy', at('stated.flv'));
  const bytes = await readFile(at('stated.flv'));
  bytes.writeDoubleBE(1, bytes.indexOf('duration') + 'duration'.length + 1);
  await writeFile(at('stated.flv'), bytes);
});
afterAll(() => folder.remove());

test('a length that only the file itself states, and wrongly, is said in the log, the summary and the unit', async () => {
  const said: string[] = [];
  const onMessage = (message: string) => void said.push(message);
  const summary = await extract({ ...common, out: at('noted'), onMessage });
  const note = expect.stringMatching(/^the file claims 1\.00 s but lasts 4\.\d\d s$/);
  expect(summary.notes).toEqual([{ item: 'stated', notes: [note] }]);
  expect(said).toContainEqual(expect.stringMatching(/stated\.flv: the file claims 1\.00 s but lasts 4\.\d\d s$/));
  const store = await CommitStore.open(at('noted'), { create: false });
  const [key] = await store.keys();
  const unit = await store.read(key as string);
  expect(unitSummary(unit).notes).toEqual([note]);
  expect(unit.end.at(-1)).toBeCloseTo(4, 0);
}, 120_000);

test('a file that turns out longer than --max-duration only while it is decoded is skipped all the same', async () => {
  const summary = await extract({ ...common, out: at('skipped'), maxDuration: 2 });
  expect(summary.videos).toMatchObject({ committed: 0, dead: 0, skipped: 1 });
  expect(summary.skipped).toEqual([
    { item: 'stated', reason: expect.stringMatching(/^lasts 4\.\d s, longer than `maxDuration: 2`$/) },
  ]);
}, 120_000);
