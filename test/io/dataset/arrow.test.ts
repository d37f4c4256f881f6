import { crc32 } from 'node:zlib';
import { RecordBatch, Schema, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DatasetError } from '../../../src/core/errors.ts';
import { decodeUnit, decodeUnitFacts, encodeUnit } from '../../../src/io/dataset/arrow.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';
import { statisticNames } from '../../../src/operators/statistics.ts';
import { unitRows, unitTable } from './fixtures.ts';

const shapes = fc.record({
  itemId: fc.string({ minLength: 1, unit: 'binary' }),
  counts: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
  statistics: fc.uniqueArray(fc.constantFrom(...statisticNames), { minLength: 1 }),
  streams: fc.dictionary(fc.constantFrom('visual', 'audio', 'colour', 'optical-flow'), fc.integer({ min: 1, max: 9 })),
  seed: fc.integer({ min: 1, max: 1000 }),
});

describe('the Arrow file of a unit', () => {
  test('gives back what was written, and the same bytes every time', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 7 }), (shape, offset) => {
        const columns = [{ stream: 'audio', statistic: 'mean', dimension: shape.streams.audio ?? 4 }] as const;
        const metadata = { graph: 'abc', models: '[]', note: 'é' };
        const table = joinRows({ itemId: shape.itemId, rows: unitRows(shape), columns, metadata });
        const bytes = encodeUnit(table);
        expect(encodeUnit(table)).toEqual(bytes);
        const shifted = new Uint8Array(bytes.length + offset).subarray(offset);
        shifted.set(bytes);
        expect(decodeUnit(shifted, 'x.arrow')).toEqual(table);
      }),
      { numRuns: 40 },
    );
  });

  test('that is too large for one record batch has several, and gives back the same', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 60 }), (shape, batchBytes) => {
        const columns = [{ stream: 'audio', statistic: 'mean', dimension: shape.streams.audio ?? 4 }] as const;
        const table = joinRows({ itemId: shape.itemId, rows: unitRows(shape), columns });
        const bytes = encodeUnit(table, batchBytes);
        expect(tableFromIPC(bytes).batches.length).toBeGreaterThanOrEqual(Math.min(table.length, 2));
        expect(decodeUnit(bytes, 'x.arrow')).toEqual(table);
      }),
      { numRuns: 40 },
    );
  });

  test('may have any text in its id and metadata, that of the seal included', () => {
    const texts = ['reelflow-unit-crc32=00000000', 'a reelflow-unit-crc32= b', 'reelflow-unit-crc32='];
    for (const itemId of texts) {
      for (const [subclips, note] of [[1, 'plain'] as const, [7, texts[0] as string] as const]) {
        const table = joinRows({ itemId, rows: unitRows({ itemId, counts: [subclips] }), metadata: { note } });
        const bytes = encodeUnit(table);
        expect(decodeUnit(bytes, 'x.arrow')).toEqual(table);
        bytes[200] = (bytes[200] as number) ^ 1;
        expect(attempt(() => decodeUnit(bytes, 'x.arrow'))).toMatchObject({ code: 'damaged' });
      }
    }
  });

  test('of the first format, with its checksum among the metadata, is read and checked as before', () => {
    const table = unitTable({ itemId: 'heat' });
    const seal = 'reelflow-unit-crc32=';
    const batch = tableFromIPC(encodeUnit(table)).batches[0] as RecordBatch;
    const metadata = new Map([...batch.schema.metadata, ['checksum', `${seal}00000000`]]);
    const schema = new Schema(batch.schema.fields, metadata);
    const bytes = Buffer.from(tableToIPC(new Table(schema, [new RecordBatch(schema, batch.data)]), 'file'));
    bytes.write(crc32(bytes).toString(16).padStart(8, '0'), bytes.lastIndexOf(seal) + seal.length, 'latin1');
    expect(decodeUnit(bytes, 'x.arrow')).toEqual(table);
    bytes[200] = (bytes[200] as number) ^ 1;
    expect(attempt(() => decodeUnit(bytes, 'x.arrow'))).toMatchObject({ code: 'damaged' });
  });

  test('tells its facts from its end alone', () => {
    const table = unitTable({ itemId: 'heat', counts: [2, 3], statistics: ['mean', 'medmad'], streams: { visual: 5 } });
    const bytes = encodeUnit(table);
    const needed = decodeUnitFacts(bytes.subarray(-20), 'x.arrow');
    expect(needed).toBeGreaterThan(20);
    expect(decodeUnitFacts(bytes.subarray(-(needed as number)), 'x.arrow')).toEqual({
      itemId: 'heat',
      subclips: [2, 3],
      columns: [
        { stream: 'visual', statistic: 'mean', dimension: 5, vectors: 5 },
        { stream: 'visual', statistic: 'medmad', dimension: 10, vectors: 5 },
      ],
      frames: 12,
      patches: 0,
      seconds: 10,
      partial: false,
    });
  });

  test('is a plain Arrow file for other readers', () => {
    const table = unitTable({ itemId: 'heat', streams: { visual: 2 } });
    const read = tableFromIPC(encodeUnit(table));
    expect(read.schema.fields.map((field) => `${field.name} ${field.type}`)).toEqual([
      'item_id Utf8',
      'subclips Int32',
      'subclip Int32',
      'start Float64',
      'end Float64',
      'frames Int32',
      'patches Int32',
      'partial Bool',
      'visual_mean FixedSizeList[2]<Float32>',
    ]);
    expect(read.getChild('item_id')?.toArray()).toEqual(['heat', 'heat']);
    expect(read.getChild('visual_mean')?.get(1)?.toArray()).toEqual(table.columns[0]?.values.subarray(2, 4));
  });

  test('that is cut off anywhere is refused, naming the file and what to do', () => {
    const bytes = encodeUnit(unitTable({ itemId: 'heat' }));
    for (let length = 0; length < bytes.length; length += 7) {
      const failure = attempt(() => decodeUnit(bytes.slice(0, length), '_units/ab/ab.arrow'));
      expect(failure).toBeInstanceOf(DatasetError);
      expect(failure).toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('_units/ab/ab.arrow'),
        remedy: expect.stringContaining('again'),
      });
    }
  });

  test('with a flipped bit is refused', () => {
    const bytes = encodeUnit(unitTable({ itemId: 'heat', counts: [4] }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const damaged = Uint8Array.from(bytes);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(attempt(() => decodeUnit(damaged, 'x.arrow'))).toMatchObject({ code: 'damaged' });
      }),
      { numRuns: 1000 },
    );
  });
});

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
