import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lastValueFrom } from 'rxjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { audio } from '../../../src/io/media/audio.ts';
import type { Verdict } from '../../../src/io/media/faults.ts';
import { Video } from '../../../src/io/media/video.ts';
import { Flow } from '../../../src/operators/flow.ts';
import { isReferenceFfmpeg } from '../../fixtures/clips.ts';
import { framesOf, patchesOf, verdictOf } from '../../fixtures/decoded.ts';

const data = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const clips = [
  'v_GGSY1Qvo990.mp4',
  'ac3.mkv',
  'frames.webm',
  'hevc.ts',
  'rotate-buck-bunny.mp4',
  'sar_2x1.mp4',
  'video-h265.mp4',
  'sample3.aac',
];

interface Reference {
  readonly files: Record<string, { readonly decoded_video_frames?: number; readonly audio_samples_16k?: number }>;
}

describe.skipIf(!existsSync(data))('real clips (skipped without the shared test data in ../shared/data)', () => {
  let reference: Reference;
  beforeAll(() => {
    reference = JSON.parse(readFileSync(`${data}reference/media_decode_reference.json`, 'utf8')) as Reference;
  });

  test.each(clips)('%s: frames and 16 kHz samples are as many as the reference decoder gives', async (name) => {
    const expected = reference.files[name];
    const { combined, frames, samples, held } = await verdictOf(`${data}media/${name}`);
    expect(combined.verdict).toBe('whole');
    expect(frames).toBe(expected?.decoded_video_frames ?? 0);
    expect(Math.abs(samples - (expected?.audio_samples_16k ?? 0))).toBeLessThanOrEqual(isReferenceFfmpeg() ? 0 : 32);
    expect(held).toBe(0);
  });

  test('the samples of a clip are the reference samples', async () => {
    const bytes = readFileSync(`${data}reference/v_GGSY1Qvo990.16k.mono.s16le`);
    const patches = await patchesOf(new Video(`${data}media/v_GGSY1Qvo990.mp4`), {
      patchSamples: 4000,
      hopSamples: 4000,
    });
    let largest = 0;
    for (const patch of patches) {
      for (const [index, sample] of patch.data.entries()) {
        largest = Math.max(largest, Math.abs(sample * 32_768 - bytes.readInt16LE((patch.index * 4000 + index) * 2)));
      }
    }
    expect(patches).toHaveLength(72);
    expect(largest).toBeLessThanOrEqual(isReferenceFfmpeg() ? 0 : 3);
  });

  test.each([
    ['no-aud.ts', { verdict: 'partial', reason: 'corrupt' }],
    ['malformed-join.mp3', { verdict: 'partial', reason: 'corrupt' }],
    ['transparency-faulty.webm', { verdict: 'whole' }],
  ])('damaged as they come: %s', async (name, verdict) => {
    expect((await verdictOf(`${data}media/corrupt/${name}`)).combined).toMatchObject(verdict);
  });

  test('the cover picture of a song is not a video', async () => {
    const video = new Video(`${data}media/corrupt/malformed-join.mp3`);
    expect((await video.probe()).video).toBeUndefined();
    expect(await framesOf(video)).toEqual([]);
  });

  test('a partial stream of sound is an error unless it is allowed', async () => {
    const video = new Video(`${data}media/corrupt/malformed-join.mp3`);
    const verdicts: Verdict[] = [];
    const patches = audio(video, {
      scope: new Flow('8MiB').scope('a'),
      onVerdict: (verdict) => void verdicts.push(verdict),
    });
    await expect(lastValueFrom(patches)).rejects.toMatchObject({
      code: 'corrupt',
      decoderLines: expect.arrayContaining([expect.stringContaining('Header missing')]),
    });
    expect(verdicts).toHaveLength(1);
  });
});
