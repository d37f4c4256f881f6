import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, context, type Span, type SpanOptions, type TimeInput, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract } from '../../../src/graphs/extract.ts';
import { itemTraceId } from '../../../src/graphs/operations/item-trace-id.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

/** What an SDK is given. */
interface Recorded {
  readonly name: string;
  readonly parent: Recorded | undefined;
  readonly attributes: Record<string, unknown>;
  status?: unknown;
  readonly start: TimeInput | undefined;
  end?: TimeInput | undefined;
  ends: number;
}

let directory: string;
const recorded: Recorded[] = [];
const bySpan = new Map<Span, Recorded>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-spans-'));
  const clips = join(directory, 'clips');
  mkdirSync(clips);
  await makeClip(join(clips, 'heat.mp4'), { width: 64, height: 48, fps: 10, seconds: 2, sound: false });
  await makeClip(join(clips, 'alien.mp4'), { width: 64, height: 48, fps: 10, seconds: 1, sound: false });
  writeFileSync(join(clips, 'notes.mp4'), 'no film at all, but words');
  const startSpan = (name: string, options: SpanOptions = {}, within: Context = context.active()): Span => {
    const above = trace.getSpan(within);
    const parent = above && bySpan.get(above);
    const made: Recorded = { name, parent, attributes: { ...options.attributes }, start: options.startTime, ends: 0 };
    const span = {
      isRecording: () => true,
      setAttribute: (key: string, value: unknown) => Object.assign(made.attributes, { [key]: value }),
      setAttributes: (more: object) => Object.assign(made.attributes, more),
      setStatus: (status: unknown) => Object.assign(made, { status }),
      end: (time?: TimeInput) => Object.assign(made, { ends: made.ends + 1, end: time }),
    } as unknown as Span;
    recorded.push(made);
    bySpan.set(span, made);
    return span;
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan,
      startActiveSpan: () => {
        throw new Error('spans of a run are not active: its videos run side by side');
      },
    }),
  });
});
afterAll(() => {
  trace.disable();
  rmSync(directory, { recursive: true, force: true });
});

describe('the spans of a run', () => {
  it('are one for each video that is decoded, and in it one for each batch with elements of it', async () => {
    const { frames } = await extract({
      ...{ inputs: [join(directory, 'clips')], out: join(directory, 'features') },
      ...{ visual: writeTinyVisual(directory), audio: 'none', memory: '1GiB', concurrency: 2, batch: 8 },
    });
    const videos = recorded.filter(({ name }) => name === 'video');
    expect(videos.map(({ attributes }) => attributes['reelflow.item']).sort()).toEqual(['alien', 'heat']);
    for (const video of videos) {
      expect(video.ends).toBe(1);
      expect(video.attributes).toMatchObject({
        'reelflow.video': itemTraceId(String(video.attributes['reelflow.item'])),
        'reelflow.outcome': 'committed',
      });
      const batches = recorded.filter(({ parent }) => parent === video);
      const taken = batches.reduce((sum, { attributes }) => sum + Number(attributes['reelflow.batch.of_video']), 0);
      // Frames that equal an earlier one take its vector, and no place in a batch.
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThanOrEqual(Number(video.attributes['reelflow.frames']));
      for (const { name, start, end, ends } of batches) {
        expect([name, ends]).toEqual(['batch embed-visual', 1]);
        expect(Number(end)).toBeGreaterThanOrEqual(Number(start));
      }
    }
    const ofVideos = videos.reduce((sum, { attributes }) => sum + Number(attributes['reelflow.frames']), 0);
    expect(ofVideos).toBe(frames);
  });
});
