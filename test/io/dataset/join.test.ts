import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';
import { columnName } from '../../../src/io/dataset/schema.ts';
import { unitRows, unitTable } from './fixtures.ts';

describe('joinRows', () => {
  test('makes one row for each subclip of each cut, and a column for each stream and statistic', () => {
    const streams = { colour: 2, audio: 3, visual: 4 };
    const table = unitTable({ itemId: 'heat', streams, counts: [3, 2], statistics: ['medmad', 'mean'] });
    expect(table.length).toBe(5);
    expect([...table.subclips]).toEqual([2, 2, 3, 3, 3]);
    expect([...table.subclip]).toEqual([0, 1, 0, 1, 2]);
    expect([...table.start]).toEqual([0, 5, 0, 10 / 3, 20 / 3]);
    expect([...table.frames]).toEqual([6, 6, 4, 4, 4]);
    expect([...table.patches]).toEqual([3, 3, 2, 2, 2]);
    expect(table.columns.map((column) => [columnName(column), column.dimension])).toEqual([
      ['visual_mean', 4],
      ['visual_medmad', 8],
      ['audio_mean', 3],
      ['audio_medmad', 6],
      ['colour_mean', 2],
      ['colour_medmad', 4],
    ]);
    expect(table.metadata).toEqual({ seconds: '10', frames: '12', patches: '6', verdict: 'whole' });
  });

  test('does not depend on the order of the rows', () => {
    const rows = unitRows({ itemId: 'heat', counts: [1, 4], statistics: ['mean', 'median'] });
    const table = joinRows({ itemId: 'heat', rows });
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(joinRows({ itemId: 'heat', rows: shuffled })).toEqual(table);
      }),
      { numRuns: 50 },
    );
  });

  test('puts every vector into its place', () => {
    const rows = unitRows({ itemId: 'heat', counts: [2, 5], statistics: ['meanvar'] });
    const table = joinRows({ itemId: 'heat', rows });
    for (const row of rows) {
      const column = table.columns.find((each) => each.stream === row.stream);
      const index = table.subclips.findIndex((count, i) => count === row.subclips && table.subclip[i] === row.subclip);
      const dimension = column?.dimension ?? 0;
      expect(column?.values.subarray(index * dimension, (index + 1) * dimension)).toEqual(row.vector);
    }
  });

  test('gives a stream without rows a null column where one is asked for, and never zeros that pass for values', () => {
    const rows = unitRows({ itemId: 'silent', streams: { visual: 2 } });
    const columns = [{ stream: 'audio', statistic: 'mean', dimension: 3 }] as const;
    const audio = joinRows({ itemId: 'silent', rows, columns }).columns[1];
    expect(audio).toMatchObject({ stream: 'audio', dimension: 3, valid: new Uint8Array(2) });
    expect(joinRows({ itemId: 'silent', rows }).columns).toHaveLength(1);
  });

  test('marks partial media', () => {
    const rows = unitRows({ itemId: 'cut' });
    const { metadata } = joinRows({
      itemId: 'cut',
      rows,
      frames: 7,
      verdict: { verdict: 'partial', reason: 'truncated' },
    });
    expect(metadata).toMatchObject({ verdict: 'partial', reason: 'truncated', frames: '7' });
  });

  test('makes an empty table of no rows', () => {
    expect(joinRows({ itemId: 'nothing', rows: [] })).toMatchObject({ length: 0, columns: [] });
  });

  test('refuses two rows for one place, vectors of two lengths, and names that cannot name a column', () => {
    const rows = unitRows({ itemId: 'x' });
    const first = rows[0] as (typeof rows)[0];
    expect(() => joinRows({ itemId: 'x', rows: [...rows, first] })).toThrow(
      'there are two rows for visual_mean of subclip 0',
    );
    const longer = { ...first, subclip: 5, vector: new Float32Array(7) };
    expect(() => joinRows({ itemId: 'x', rows: [...rows, longer] })).toThrow(
      /'visual_mean' has vectors of 6 values.*7/,
    );
    for (const stream of ['item_id', 'subclip', '../x', '', '9', 'a b']) {
      expect(() => joinRows({ itemId: 'x', rows: [{ ...first, stream }] })).toThrow(UsageError);
    }
  });
});
