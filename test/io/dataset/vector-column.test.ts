import { Field, FixedSizeList, Float16, makeData } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordBatch } from '../../../src/io/dataset/batch-columns.ts';
import { vectorsOf } from '../../../src/io/dataset/vector-column.ts';
import { fixedBatches, listBatch } from './tables.ts';

const at = { file: 'table.parquet', firstRow: 100 };

function faultOf(
  rows: readonly (readonly (number | null)[] | null)[],
  precision: 'float32' | 'float64' = 'float32',
): unknown {
  try {
    return vectorsOf(listBatch(rows, precision), 'visual', at);
  } catch (error) {
    return error;
  }
}

describe('vectorsOf', () => {
  test('of any slice of a fixed-size or plain list gives the values that its rows have', () => {
    const vector = fc.option(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 }),
      { freq: 4 },
    );
    fc.assert(
      fc.property(
        fc.array(vector, { minLength: 1, maxLength: 12 }),
        fc.nat(11),
        fc.nat(12),
        fc.boolean(),
        (rows, start, count, wide) => {
          const first = Math.min(start, rows.length);
          const wanted = rows.slice(first, first + count);
          const batch = listBatch(rows, wide ? 'float64' : 'float32').slice(first, first + wanted.length);
          const { dimension, values, valid } = vectorsOf(batch, 'visual', at);
          expect(dimension).toBe(wanted.some((row) => row !== null) ? 3 : 0);
          expect([...valid]).toEqual(wanted.map((row) => (row === null ? 0 : 1)));
          expect([...values]).toEqual(dimension === 0 ? [] : wanted.flatMap((row) => row ?? [0, 0, 0]));
        },
      ),
    );
    const [fixed] = fixedBatches(9, 4, 9, [2, 5]);
    for (let first = 0; first < 9; first += 1) {
      const slice = fixed?.slice(first, 9);
      if (slice === undefined) throw new Error('no batch');
      const { values, valid } = vectorsOf(slice, 'visual', at);
      const whole = vectorsOf(fixed as never, 'visual', at);
      expect([...values]).toEqual([...whole.values.subarray(first * 4)]);
      expect([...valid]).toEqual([...whole.valid.subarray(first)]);
    }
  });

  test('reads float16', () => {
    const type = new Float16();
    const list = new FixedSizeList(4, new Field('element', type, false));
    const child = makeData({ type, length: 4, nullCount: 0, data: Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7bff) });
    const data = makeData({ type: list, length: 1, nullCount: 0, child });
    const batch = recordBatch([{ field: new Field('visual', list, true), data }], 1);
    expect([...vectorsOf(batch, 'visual', at).values]).toEqual([1, -2.5, 2 ** -24, 65504]);
  });

  test('names file and row of a vector of another dimension, of NaN, of infinity, of a null and of an empty one', () => {
    expect(
      faultOf([
        [1, 2],
        [3, 4, 5],
      ]),
    ).toMatchObject({
      code: 'dataset',
      message: "table.parquet, row 101 (from 0), column 'visual': it has 3 values, but those before it have 2",
    });
    expect(faultOf([[1, 2], null, [3, Number.NaN]])).toMatchObject({ message: /row 102 .*value 1 is NaN/ });
    expect(faultOf([[Number.NEGATIVE_INFINITY, 2]])).toMatchObject({ message: /row 100 .*value 0 is -Infinity/ });
    expect(faultOf([[1, 1e300]], 'float64')).toMatchObject({ message: /row 100 .*value 1 is 1e\+300, beyond float32/ });
    expect(faultOf([[1, null]])).toMatchObject({ message: /row 100 .*value 1 is null/ });
    expect(faultOf([[1], []])).toMatchObject({ message: /row 101 .*it is empty/ });
    expect(() => vectorsOf(listBatch([[1, 2]]), 'visual', at, 3)).toThrow(
      /row 100 .*it has 2 values, but those before it have 3/,
    );
  });

  test('of no column, or of one without vectors, names those that occur', () => {
    const [batch] = fixedBatches(2, 2);
    expect(() => vectorsOf(batch as never, 'audio', at)).toThrow(
      "table.parquet has no column 'audio'; its columns are: n, visual",
    );
    expect(() => vectorsOf(batch as never, 'n', at)).toThrow(
      /'n' of table.parquet is Int32, not a list .* that are: visual/,
    );
  });
});
