import { lastValueFrom, map, merge, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Embedder, embed, embedKeeps } from '../../src/operators/embed.ts';
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

  it.each([
    ['name', { name: 'visual' }, { name: 'other' }, "is 'other' and was 'visual'"],
    ['maxDelay', { maxDelay: 5 }, { maxDelay: 6 }, 'is 6 and was 5'],
    ['maxDelay', {}, { maxDelay: 6 }, 'is 6 and was 200'],
    ['repeatedFrames', { repeatedFrames: 'compute' }, { repeatedFrames: 'once' }, "is 'once' and was 'compute'"],
    ['repeatedFrames', {}, { repeatedFrames: 'compute' }, "is 'compute' and was 'once'"],
  ] as const)('refuses another `%s` for an embedder of a flow than at its first use', (option, first, later, what) => {
    const flow = new Flow(1000);
    const embedder = bytes([]);
    const [one, two] = [flow.scope('one'), flow.scope('two')];
    embed(embedder, { scope: one, ...first });
    expect(() => embed(embedder, { scope: two, ...later })).toThrow(`\`${option}\` must be the same`);
    expect(() => embed(embedder, { scope: two, ...later })).toThrow(what);
    embed(embedder, { scope: two, ...first });
    embed(embedder, { scope: two });
    embed(bytes([]), { scope: two, ...later, name: 'another' });
    embed(embedder, { scope: new Flow(1000).scope('three'), ...later });
  });

  it('computes frames of equal pixels once: each has its own time and memory', async () => {
    const flow = new Flow(100_000);
    const sizes: number[] = [];
    const shades = [7, 7, 7, 8, 8, 7];
    const list = shades.map((shade, index) => new Frame(new Uint8Array(300).fill(shade), 10, 10, index, index / 25));
    const rows = await lastValueFrom(of(...list).pipe(embed(bytes(sizes), { scope: flow.scope('one') }), toArray()));
    expect(rows.map(({ time, centre, vector }) => [time, centre, vector[0]])).toEqual(
      shades.map((shade, index) => [index / 25, index / 25, shade]),
    );
    expect(new Set(rows.map(({ vector }) => vector.buffer)).size).toBe(6);
    expect(sizes).toEqual([2]);
    expect(flow.metrics().operators[0]).toMatchObject({ in: 6, duplicates: 4 });
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('gives duplicates the vector as it was computed, whatever became of others', async () => {
    const flow = new Flow(1000);
    const rows = of(frame(3), frame(3), frame(3)).pipe(
      embed(bytes([]), { scope: flow.scope('one') }),
      map(({ vector }) => {
        const came = [...vector];
        vector.fill(99);
        return came;
      }),
      toArray(),
    );
    expect(await lastValueFrom(rows)).toEqual([
      [3, 3],
      [3, 3],
      [3, 3],
    ]);
  });

  it('tells frames apart that differ in one byte', async () => {
    const flow = new Flow(100_000_000);
    const list = Array.from({ length: 40 }, (_, index) => {
      const pixels = new Uint8Array(150_528);
      pixels[index * 3000 + 1] = 1;
      return new Frame(pixels, 224, 224, index, index);
    });
    const sizes: number[] = [];
    await lastValueFrom(of(...list).pipe(embed(bytes(sizes), { scope: flow.scope('one') }), toArray()));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(40);
  });

  it('computes equal patches of audio once, such as silence', async () => {
    const flow = new Flow(100_000);
    let calls = 0;
    const loudness: Embedder<Float32Array> = {
      name: 'loudness',
      dimension: 1,
      maxBatch: 2,
      concurrency: 1,
      embed: async (inputs) => {
        calls += inputs.length;
        return inputs.map((input) => Float32Array.of(input[0] as number));
      },
    };
    const patches = [0, 0, 0.5, 0].map((level, index) => {
      return new Patch(new Float32Array(100).fill(level), index, index, index + 0.5);
    });
    const rows = await lastValueFrom(of(...patches).pipe(embed(loudness, { scope: flow.scope('one') }), toArray()));
    expect(rows.map((row) => [row.time, row.centre, ...row.vector])).toEqual([
      [0, 0.5, 0],
      [1, 1.5, 0],
      [2, 2.5, 0.5],
      [3, 3.5, 0],
    ]);
    expect(calls).toBe(2);
  });

  it('computes every frame where that is asked for, and counts nothing', async () => {
    const flow = new Flow(1000);
    const sizes: number[] = [];
    const list = [frame(5), frame(5)];
    const options = { scope: flow.scope('one'), repeatedFrames: 'compute' } as const;
    await lastValueFrom(of(...list).pipe(embed(bytes(sizes), options), toArray()));
    expect(sizes).toEqual([2]);
    expect(flow.metrics().operators[0]).not.toHaveProperty('duplicates');
    expect(() => embed(bytes([]), { ...options, repeatedFrames: 'twice' as 'once' })).toThrow('`repeatedFrames`');
    expect([embedKeeps(4096), embedKeeps(4096, 'compute')]).toEqual([32_768, 0]);
  });

  it('keeps no more than it says', async () => {
    const flow = new Flow(1_000_000);
    const list = Array.from({ length: 50 }, (_, index) => new Frame(new Uint8Array(8).fill(index), 1, 1, index, index));
    const scope = flow.scope('one');
    const most = { bytes: 0 };
    const rows = of(...list).pipe(embed(bytes([], 2), { scope }));
    await lastValueFrom(rows.pipe(map(() => (most.bytes = Math.max(most.bytes, flow.held)))));
    expect(most.bytes).toBeLessThanOrEqual(50 * 8 + embedKeeps(2));
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
