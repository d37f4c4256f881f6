import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightBytes } from '../../../src/models/weights/source-file.ts';
import { checkView, rowMajor, stridedPieces } from '../../../src/models/weights/strided.ts';

/** Bytes in memory, in pieces of a size that cuts elements in two. */
function storage(bytes: Uint8Array, pieceSize: number): WeightBytes {
  return {
    byteLength: bytes.byteLength,
    *pieces(start, end) {
      for (let at = start; at < end; at += pieceSize) yield bytes.slice(at, Math.min(at + pieceSize, end));
    },
  };
}

function* indices(shape: readonly number[]): Generator<number[]> {
  const [size, ...rest] = shape;
  if (size === undefined) yield [];
  else for (let index = 0; index < size; index++) for (const inner of indices(rest)) yield [index, ...inner];
}

const refuse = (what: string) => new Error(what) as never;

describe('a view of a storage', () => {
  const views = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      steps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
      order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      offset: fc.nat(9),
    })
    .map(({ sizes, steps, order, offset }) => {
      const strides = rowMajor(sizes.map((size, axis) => size * (steps[axis] as number))).map(
        (stride, axis) => stride * (steps[axis] as number),
      );
      const axes = order.filter((axis) => axis < sizes.length);
      return {
        shape: axes.map((axis) => sizes[axis] as number),
        strides: axes.map((axis) => strides[axis] as number),
        offset,
      };
    });

  it('comes in row-major order, whatever its order of axes, steps and offset', () => {
    fc.assert(
      fc.property(views, fc.constantFrom(1, 2, 4, 8), fc.integer({ min: 3, max: 40 }), (view, width, pieceSize) => {
        const last = view.shape.reduce(
          (sum, size, axis) => sum + (size - 1) * (view.strides[axis] as number),
          view.offset,
        );
        const bytes = Uint8Array.from({ length: (last + 1) * width }, (_, index) => (index * 37) % 251);
        const elements = checkView({ ...view, width }, 'a', last + 1, refuse);
        const read = [...stridedPieces(storage(bytes, pieceSize), { ...view, width }, elements)].flatMap((piece) => [
          ...piece,
        ]);
        const expected = [...indices(view.shape)].flatMap((index) => {
          const at =
            index.reduce((sum, each, axis) => sum + each * (view.strides[axis] as number), view.offset) * width;
          return [...bytes.subarray(at, at + width)];
        });
        expect(read).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('of more than one block is the same, in pieces of at most 1 MiB', () => {
    const [rows, columns] = [2100, 2300];
    const values = Float32Array.from({ length: rows * columns }, (_, index) => index);
    const view = { shape: [columns, rows], strides: [1, columns], offset: 0, width: 4 };
    const elements = checkView(view, 'a', values.length, refuse);
    let [position, wrong] = [0, 0];
    for (const piece of stridedPieces(storage(new Uint8Array(values.buffer), 1 << 20), view, elements)) {
      expect(piece.byteLength).toBeLessThanOrEqual(1 << 20);
      for (const value of new Float32Array(piece.slice().buffer)) {
        if (value !== (position % rows) * columns + Math.floor(position / rows)) wrong++;
        position++;
      }
    }
    expect([position, wrong]).toEqual([rows * columns, 0]);
  });
});
