import { lastValueFrom, map, merge, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Embedder, embed } from '../../src/operators/embed.ts';
import { Flow } from '../../src/operators/flow.ts';
import { Frame } from '../../src/operators/frame.ts';
import { Patch } from '../../src/operators/patch.ts';
import { left } from './support/elements.ts';

const frame = (index: number) => new Frame(new Uint8Array([index, 2, 3]), 1, 1, index, index / 25);

/** Embeds an image as its first byte, twice. */
function bytes(sizes: number[], dimension = 2): Embedder<Uint8Array> {
  return {
    name: 'bytes',
    dimension,
    maxBatch: 4,
    concurrency: 1,
    embed: async (inputs) => {
      sizes.push(inputs.length);
      return inputs.map((input) => Float32Array.of(input[0] as number, input[0] as number));
    },
  };
}

describe('embed', () => {
  it('gives each frame its vector and time, in batches shared by all videos of a flow', async () => {
    const flow = new Flow(1000);
    const sizes: number[] = [];
    const embedder = bytes(sizes);
    const [one, two] = [flow.scope('one'), flow.scope('two')];
    const rows = await lastValueFrom(
      merge(
        of(frame(0), frame(1)).pipe(embed(embedder, { scope: one })),
        of(frame(10), frame(11)).pipe(embed(embedder, { scope: two })),
      ).pipe(toArray()),
    );
    expect(rows.map((row) => [row.time, row.centre, ...row.vector])).toEqual([
      [0, 0, 0, 0],
      [0.04, 0.04, 1, 1],
      [0.4, 0.4, 10, 10],
      [0.44, 0.44, 11, 11],
    ]);
    expect(flow.metrics().operators.map((it) => [it.name, it.in])).toEqual([['embed-bytes', 4]]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('takes the middle of an audio patch from the patch', async () => {
    const flow = new Flow(1000);
    const loudness: Embedder<Float32Array> = {
      name: 'loudness',
      dimension: 1,
      maxBatch: 2,
      concurrency: 1,
      embed: async (inputs) => inputs.map((input) => Float32Array.of(input.length)),
    };
    const patch = new Patch(new Float32Array(3), 0, 0.96, 1.44);
    const row = await lastValueFrom(of(patch).pipe(embed(loudness, { scope: flow.scope('one') })));
    expect([row.time, row.centre, ...row.vector]).toEqual([0.96, 1.44, 3]);
  });

  it('lets go of a frame before its vector is given on', async () => {
    const flow = new Flow(1000);
    const shot = frame(0);
    const rows = of(shot).pipe(embed(bytes([]), { scope: flow.scope('one') }));
    expect(await lastValueFrom(rows.pipe(map(() => shot.idle)))).toBe(true);
    expect(() => shot.data).toThrow('frame 0');
  });

  it('refuses vectors of another length', async () => {
    const flow = new Flow(1000);
    const rows = of(frame(0)).pipe(embed(bytes([], 3), { scope: flow.scope('one') }));
    await expect(lastValueFrom(rows)).rejects.toMatchObject({ code: 'batch-result' });
  });

  it('refuses two names for one embedder in one flow', () => {
    const flow = new Flow(1000);
    const embedder = bytes([]);
    embed(embedder, { scope: flow.scope('one'), name: 'visual' });
    expect(() => embed(embedder, { scope: flow.scope('two'), name: 'other' })).toThrow('`name`');
  });
});
