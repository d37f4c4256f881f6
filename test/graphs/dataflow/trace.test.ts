import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, map, share } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import { traceColumns } from '../../../src/graphs/dataflow/trace.ts';
import type { Columns, VideoScope } from '../../../src/graphs/dataflow/video-scope.ts';
import { network } from '../../../src/graphs/named-network.ts';
import type { Frame } from '../../../src/operators/frame.ts';
import { writeTinyAudio, writeTinyVisual } from '../../fixtures/tiny-networks.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-trace-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const card = writeTinyVisual(directory);
const pictures = network<Uint8Array>(card);
const sound = network<Float32Array>(writeTinyAudio(directory));

const grey = ({ time, data }: Frame) => ({ time, vector: [data[0] ?? 0] });

describe('the trace of a dataflow', () => {
  it('has its decoders, networks and columns, and of each column the way from its decoder', () => {
    const trace = traceColumns((scope) => ({
      visual: scope
        .frames(pictures.input)
        .pipe(scope.embed(pictures), scope.subclips({ count: [20, 10], statistic: ['medmad', 'mean'] })),
      audio: scope.audio(sound.input).pipe(scope.embed(sound), scope.subclips({ count: 10 })),
    }));
    expect(trace.sources.map(({ name, kind }) => [name, kind])).toEqual([
      ['decode-video', 'pictures'],
      ['decode-audio', 'sound'],
    ]);
    expect(trace.networks.map(({ name, source }) => [name, source?.name])).toEqual([
      ['embed-tiny-visual', 'decode-video'],
      ['embed-tiny-audio', 'decode-audio'],
    ]);
    expect(trace.columns).toMatchObject([
      {
        name: 'visual',
        operator: 'subclips-visual',
        cuts: { counts: [10, 20], seconds: [] },
        statistics: ['mean', 'medmad'],
      },
      { name: 'audio', operator: 'subclips-audio', cuts: { counts: [10], seconds: [] }, statistics: ['mean'] },
    ]);
    expect(trace.columns[0]?.steps).toMatchObject([
      { pictures: { width: 32, height: 32, resize: 'stretch', fps: 'native' } },
      { network: { name: 'tiny-visual', weights: pictures.weightsHash } },
      { subclips: [10, 20], statistics: ['mean', 'medmad'] },
    ]);
    expect(trace.hasFunctions).toBe(false);
  });

  it('takes frames of the same options for one stream, and others for another decoder', () => {
    const streams: unknown[] = [];
    const { sources } = traceColumns((scope) => {
      const [first, same, other] = [
        scope.frames({ width: 8, height: 8 }),
        scope.frames({ height: 8, width: 8, resize: 'crop', fps: undefined }),
        scope.frames({ width: 8, height: 8, fps: 1 }),
      ];
      streams.push(first, same, other);
      const end = scope.subclips({ count: 1 });
      return { a: first.pipe(map(grey), end), b: same.pipe(map(grey), end), c: other.pipe(map(grey), end) };
    });
    expect(sources.map(({ name }) => name)).toEqual(['decode-video', 'decode-video-2']);
  });

  it.each([
    ['map', (scope: VideoScope) => scope.frames().pipe(map(grey), scope.subclips({ count: 1 }))],
    [
      'several in a row',
      (scope: VideoScope) => scope.frames().pipe(filter(Boolean), map(grey), share(), scope.subclips({ count: 1 })),
    ],
    [
      'an operator of its own',
      (scope: VideoScope) =>
        scope.frames().pipe(
          scope.operator<Frame, ReturnType<typeof grey>>('own', ({ emit }) => ({ next: (frame) => emit(grey(frame)) })),
          scope.subclips({ count: 1 }),
        ),
    ],
    [
      'asynchronous work',
      (scope: VideoScope) =>
        scope.frames().pipe(
          scope.mapAsync(async (frame) => grey(frame), { concurrency: 4 }),
          scope.subclips({ count: 1 }),
        ),
    ],
  ])('finds functions, and the decoder behind them: %s', (_, column) => {
    const trace = traceColumns((scope) => ({ own: column(scope) }) as Columns);
    expect(trace.hasFunctions).toBe(true);
    expect(trace.columns[0]?.source?.name).toBe('decode-video');
    expect(trace.columns[0]?.network).toBeUndefined();
  });

  it('counts what windows and asynchronous work hold', () => {
    const { held } = traceColumns((scope) => ({
      own: scope.frames().pipe(
        scope.window<Frame>(16, { step: 8 }),
        scope.mapAsync(async ([first]) => grey(first as Frame), { concurrency: 3 }),
        scope.subclips({ count: 1 }),
      ),
    }));
    expect(held.map(({ source, elements }) => [source.name, elements])).toEqual([
      ['decode-video', 16],
      ['decode-video', 3],
    ]);
  });

  it('is the same however often it is taken, and another for another network, cut or size', () => {
    const stepsOf = (count: number, layer?: NonNullable<Parameters<typeof network>[1]>) => {
      const used = network<Uint8Array>(card, layer);
      const columns = (scope: VideoScope) => ({
        visual: scope.frames(used.input).pipe(scope.embed(used), scope.subclips({ count })),
      });
      return JSON.stringify(traceColumns(columns).columns.map(({ steps }) => steps));
    };
    expect(stepsOf(10)).toBe(stepsOf(10));
    expect(stepsOf(10)).not.toBe(stepsOf(20));
    expect(stepsOf(10)).not.toBe(stepsOf(10, { layer: 'pooled' }));
  });
});
