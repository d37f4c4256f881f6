import { RecordBatchReader, tableFromIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { encodeUnit } from '../../../src/io/dataset/arrow.ts';
import { UnitStreamEncoder } from '../../../src/io/dataset/arrow-stream.ts';
import type { ColumnShape } from '../../../src/io/dataset/schema.ts';
import { unitTable } from './fixtures.ts';

const columns: ColumnShape[] = [
  { stream: 'visual', statistic: 'mean', dimension: 6 },
  { stream: 'audio', statistic: 'mean', dimension: 3 },
];
const units = [
  unitTable({ itemId: 'heat', counts: [2, 5] }),
  unitTable({ itemId: 'ronin', streams: { visual: 6 }, counts: [1], seed: 9 }),
];

function streamOf(encoder: UnitStreamEncoder): Buffer {
  return Buffer.concat([encoder.start, ...units.map((unit) => encoder.batch(unit)), encoder.end]);
}

it('has the columns and rows of the units, a record batch each, and says how they were made', () => {
  const bytes = streamOf(new UnitStreamEncoder(columns, { graph: 'f00d' }));
  const table = tableFromIPC(bytes);
  expect(table.batches.map((batch) => batch.numRows)).toEqual([7, 1]);
  expect(table.schema.metadata.get('graph')).toBe('f00d');
  expect(table.schema.fields[8]?.metadata).toEqual(
    new Map([
      ['stream', 'visual'],
      ['statistic', 'mean'],
    ]),
  );
  const fields = (of: typeof table) => of.schema.fields.map((field) => `${field}`);
  expect(fields(table)).toEqual(fields(tableFromIPC(encodeUnit(units[0] as (typeof units)[0]))));
  for (const [index, unit] of units.entries()) {
    const batch = table.batches[index];
    expect(batch?.getChild('item_id')?.get(0)).toBe(unit.itemId);
    expect(batch?.getChild('subclips')?.toArray()).toEqual(unit.subclips);
    expect(batch?.getChild('end')?.toArray()).toEqual(unit.end);
    expect(
      batch
        ?.getChild('visual_mean')
        ?.get(unit.length - 1)
        ?.toArray(),
    ).toEqual(unit.columns[0]?.values.subarray(-6));
  }
});

it('a stream that a unit lacks is null', () => {
  const table = tableFromIPC(streamOf(new UnitStreamEncoder(columns)));
  expect(table.batches[0]?.getChild('audio_mean')?.nullCount).toBe(0);
  expect(table.batches[1]?.getChild('audio_mean')?.get(0)).toBeNull();
});

it('the schema can be read before there is a unit', async () => {
  const encoder = new UnitStreamEncoder(columns);
  const reader = RecordBatchReader.from(Buffer.concat([encoder.start, encoder.end]));
  reader.open();
  expect(reader.schema.fields).toHaveLength(10);
  expect([...reader].reduce((rows, batch) => rows + batch.numRows, 0)).toBe(0);
});

it('a reader that is given each message on its own has its batch before the next one comes', async () => {
  const encoder = new UnitStreamEncoder(columns);
  const given: string[] = [];
  async function* messages(): AsyncGenerator<Uint8Array> {
    yield encoder.start;
    for (const unit of units) {
      given.push(unit.itemId);
      yield encoder.batch(unit);
    }
    yield encoder.end;
  }
  const seen: string[][] = [];
  for await (const batch of await RecordBatchReader.from(messages())) {
    seen.push([batch.getChild('item_id')?.get(0), ...given]);
  }
  expect(seen).toEqual([
    ['heat', 'heat'],
    ['ronin', 'heat', 'ronin'],
  ]);
});

it('refuses a unit with a column that the schema has not, or of another length', () => {
  const encoder = new UnitStreamEncoder(columns);
  expect(() => encoder.batch(unitTable({ itemId: 'x', streams: { colour: 3 } }))).toThrow(UsageError);
  expect(() => encoder.batch(unitTable({ itemId: 'x', streams: { visual: 7 } }))).toThrow(/of 7 values/);
});
