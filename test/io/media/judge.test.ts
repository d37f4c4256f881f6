import { afterAll, beforeAll, expect, test } from 'vitest';
import { DecoderLog } from '../../../src/io/media/decoder-log.ts';
import { type DecodingFacts, judge } from '../../../src/io/media/judge.ts';
import type { VideoStreamInfo } from '../../../src/io/media/media-info.ts';
import { probe } from '../../../src/io/media/probe.ts';
import { makeClip, temporaryDirectory } from '../../fixtures/clips.ts';

let folder: { path: string; remove: () => Promise<void> };
let facts: DecodingFacts;

beforeAll(async () => {
  folder = await temporaryDirectory();
  const path = await makeClip(`${folder.path}/clip.mp4`, { seconds: 1, sound: false });
  const info = await probe(path);
  facts = {
    ...{ name: 'clip', path, info, stream: info.video as VideoStreamInfo, kind: 'video', decoded: 25, seconds: 1 },
    ...{ lastTime: 0.96, breaks: 0, silence: 0, runaway: false, log: new DecoderLog() },
    exit: { code: 0, signal: null },
  };
});
afterAll(() => folder.remove());

test('a whole stream whose decoder ended with an exit code, and of which nothing is complained, has no note', async () => {
  expect(await judge({ ...facts, exit: { code: 1, signal: null } })).toMatchObject({ verdict: 'whole', notes: [] });
});

test('a complaint that does not come again is none to be counted', async () => {
  const log = new DecoderLog();
  log.write('[h264 @ 0x1] [error] decode_slice_header error\n');
  const { verdict, notes, decoderLines } = await judge({ ...facts, log });
  expect({ verdict, notes }).toEqual({ verdict: 'whole', notes: [] });
  expect(decoderLines).toEqual(['[h264] [error] decode_slice_header error']);
});

test('a stream whose decoder a signal ended is corrupt', async () => {
  const exit = { code: null, signal: 'SIGSEGV' } as const;
  expect(await judge({ ...facts, exit })).toMatchObject({ verdict: 'partial', reason: 'corrupt' });
});
