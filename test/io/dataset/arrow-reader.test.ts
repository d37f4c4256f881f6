import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Bool,
  Field,
  FixedSizeList,
  Int32,
  LargeUtf8,
  List,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { Endianness } from 'apache-arrow/fb/endianness';
import { Field as FieldTable } from 'apache-arrow/fb/field';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { MetadataVersion } from 'apache-arrow/fb/metadata-version';
import { Null } from 'apache-arrow/fb/null';
import { Schema } from 'apache-arrow/fb/schema';
import { Builder } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { itemLayout } from '../../../src/io/dataset/item-layout.ts';
import { END_OF_STREAM, encodeBatchMessage, encodeSchemaMessage } from '../../../src/io/dataset/item-messages.ts';
import { unpackLz4Frame } from '../../../src/io/dataset/lz4-frame.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import { unpackZstdFrame } from '../../../src/io/dataset/zstd-frame.ts';
import { temporaryDirectory } from './fixtures.ts';
import { PACKED } from './packed-arrow.ts';
import { expectedRows, fixedBatches, ipc, put, readVectors } from './tables.ts';

/** All rows of a table as JSON. */
async function rowsOf(path: string, batchBytes?: number): Promise<unknown[]> {
  const table = await openTable(path, batchBytes === undefined ? {} : { batchBytes });
  try {
    const rows: unknown[] = [];
    for await (const { batch } of table.batches()) rows.push(...batch.toArray().map((row) => JSON.parse(`${row}`)));
    return rows;
  } finally {
    await table.close();
  }
}

/** A schema's message, alone in a stream. */
function streamOf(endianness: Endianness, typeNumber: number): Uint8Array {
  const builder = new Builder();
  const name = builder.createString('x');
  const type = Null.createNull(builder);
  FieldTable.startField(builder);
  FieldTable.addName(builder, name);
  FieldTable.addTypeType(builder, typeNumber);
  FieldTable.addType(builder, type);
  const fields = Schema.createFieldsVector(builder, [FieldTable.endField(builder)]);
  Schema.startSchema(builder);
  Schema.addEndianness(builder, endianness);
  Schema.addFields(builder, fields);
  const schema = Schema.endSchema(builder);
  Message.startMessage(builder);
  Message.addVersion(builder, MetadataVersion.V5);
  Message.addHeaderType(builder, MessageHeader.Schema);
  Message.addHeader(builder, schema);
  Message.finishMessageBuffer(builder, Message.endMessage(builder));
  const message = builder.asUint8Array();
  const padded = Buffer.alloc(Math.ceil(message.length / 8) * 8);
  padded.set(message);
  const prefix = Buffer.alloc(8, 0xff);
  prefix.writeInt32LE(padded.length, 4);
  return Buffer.concat([prefix, padded, END_OF_STREAM]);
}

describe('an Arrow file', () => {
  test.each(Object.keys(PACKED))('packed inside (%s) is read, whole and in slices', async (name) => {
    const path = await put(join(await temporaryDirectory(), 'table'), Buffer.from(PACKED[name] as string, 'base64'));
    for (const batchBytes of [1, 333, 1 << 24]) {
      expect((await readVectors(path, { batchBytes })).rows).toEqual(expectedRows(path, 40, 4));
    }
    const names = (await rowsOf(path)).map((row) => (row as { name: string | null }).name);
    expect(names).toEqual(Array.from({ length: 40 }, (_, n) => (n % 7 === 3 ? null : `genre ${n % 3}`)));
  });

  test('with columns inside columns, nulls and bits is the same in slices of any size', async () => {
    const rows = Array.from({ length: 29 }, (_, row) => row);
    const maybe = <T>(row: number, value: T) => (row % 5 === 2 ? null : value);
    const columns = {
      flag: vectorFromArray(
        rows.map((row) => maybe(row, row % 3 === 0)),
        new Bool(),
      ),
      text: vectorFromArray(
        rows.map((row) => maybe(row, 'x'.repeat(row % 4))),
        new LargeUtf8(),
      ),
      list: vectorFromArray(
        rows.map((row) =>
          maybe(
            row,
            Array.from({ length: row % 4 }, (_, at) => `${row}.${at}`),
          ),
        ),
        new List(new Field('item', new Utf8(), true)),
      ),
      pair: vectorFromArray(
        rows.map((row) => maybe(row, [row, maybe(row + 1, -row)])),
        new FixedSizeList(2, new Field('item', new Int32(), true)),
      ),
      record: vectorFromArray(
        rows.map((row) => maybe(row, { a: maybe(row + 3, row), b: [row % 2 === 0] })),
        new Struct([
          new Field('a', new Int32(), true),
          new Field('b', new List(new Field('item', new Bool(), true)), true),
        ]),
      ),
      kind: vectorFromArray(rows.map((row) => maybe(row, ['one', 'two', 'three'][row % 3] as string))),
    };
    const table = new Table(columns as never);
    const expected = table.toArray().map((row) => JSON.parse(`${row}`));
    const path = await put(join(await temporaryDirectory(), 'table'), tableToIPC(table, 'file'));
    for (const batchBytes of [1, 40, 100, 1 << 20]) expect(await rowsOf(path, batchBytes)).toEqual(expected);
  });

  test('with a record batch above 2 GiB is read in slices, the wanted columns only', async () => {
    const shape = { subclips: 40_000, streams: [{ name: 'visual', dimension: 16_384 }] };
    const layout = itemLayout(shape, 1);
    const head = Buffer.concat([encodeSchemaMessage(shape, {}), encodeBatchMessage(shape, layout, [true])]);
    const path = join(await temporaryDirectory(), 'large.arrows');
    await writeFile(path, head);
    expect(layout.bodyBytes).toBeGreaterThan(2 ** 31);
    // A file with a hole: all values are 0, all ids empty.
    await truncate(path, head.length + layout.bodyBytes);
    const file = await open(path, 'r+');
    await file.write(END_OF_STREAM, 0, END_OF_STREAM.length, head.length + layout.bodyBytes);
    await file.write(Buffer.from(Int32Array.of(7).buffer), 0, 4, head.length + layout.subclip.offset + 4 * 39_999);
    const values = layout.streams[0]?.values.offset as number;
    await file.write(Buffer.from(Float32Array.of(0.5).buffer), 0, 4, head.length + values + 4 * 16_384 * 100);
    await file.close();

    const numbers = await openTable(path, { columns: ['item_id', 'subclip'] });
    let [rows, last] = [0, 0];
    for await (const { batch } of numbers.batches()) {
      rows += batch.numRows;
      last = batch.getChild('subclip')?.get(batch.numRows - 1) as number;
    }
    await numbers.close();
    expect([rows, last]).toEqual([40_000, 7]);

    const vectors = await openTable(path, { columns: ['visual'], batchBytes: 8 << 20 });
    for await (const { batch, firstRow } of vectors.batches()) {
      expect(batch.numRows).toBeLessThanOrEqual(128);
      if (firstRow + batch.numRows <= 100) continue;
      expect(
        batch
          .getChild('visual')
          ?.get(100 - firstRow)
          ?.get(0),
      ).toBe(0.5);
      break;
    }
    await vectors.close();
  });

  test('as before Arrow 0.15, with messages that begin with their length, is read', async () => {
    const bytes = Buffer.from(ipc(fixedBatches(30, 4, 20), 'file'));
    // The blocks of the footer: 24 bytes each, that begin with the place of a message. Four bytes
    // on, there is its length.
    let moved = 0;
    for (let at = (bytes.length - 600) & ~3; at < bytes.length - 24; at += 4) {
      const place = Number(bytes.readBigInt64LE(at));
      if (place <= 0 || place > bytes.length - 8 || bytes.readUInt32LE(place) !== 0xffffffff) continue;
      bytes.writeBigInt64LE(BigInt(place + 4), at);
      bytes.writeUInt32LE(0, place);
      moved += 1;
    }
    expect(moved).toBe(2);
    const path = await put(join(await temporaryDirectory(), 'table'), bytes);
    expect((await readVectors(path)).rows).toEqual(expectedRows(path, 30, 4));
  });

  test.each([
    ['big-endian', streamOf(1, 2), /cannot be read as a table: its numbers are big-endian/],
    ['with a list view', streamOf(0, 25), /cannot be read as a table: its column 'x' is a list view/],
    ['with run ends', streamOf(0, 22), /cannot be read as a table: its column 'x' is run-end encoded/],
  ])('%s is refused by name, and not called damaged', async (_, bytes, message) => {
    const path = await put(join(await temporaryDirectory(), 'table'), bytes);
    await expect(openTable(path)).rejects.toMatchObject({ code: 'dataset', message, remedy: /Parquet/ });
  });

  test('whose texts lie outside their buffer, or whose rows end before they begin, is a typed error', async () => {
    const bytes = Buffer.from(
      tableToIPC(new Table({ name: vectorFromArray(['a', 'bb', 'ccc'], new Utf8()) }), 'stream'),
    );
    const offsets = Buffer.from(Int32Array.of(0, 1, 3, 6).buffer);
    const at = bytes.indexOf(offsets);
    for (const wrong of [Int32Array.of(0, 3, 1, 6), Int32Array.of(0, 1, 3, 1 << 20), Int32Array.of(-8, 1, 3, 6)]) {
      const damaged = Buffer.from(bytes);
      damaged.set(new Uint8Array(wrong.buffer), at);
      const path = await put(join(await temporaryDirectory(), 'table'), damaged);
      await expect(rowsOf(path)).rejects.toMatchObject({ code: 'dataset', message: /is not a whole table/ });
    }
  });
});

describe('a packed buffer', () => {
  const lz4 = (...blocks: readonly number[][]) => {
    const body = blocks.flatMap((block) => [block.length & 0xff, block.length >> 8, 0, 0, ...block]);
    return Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, ...body, 0, 0, 0, 0);
  };
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const unpacked = (frame: Uint8Array, length: number) => {
    const into = new Uint8Array(length);
    unpackLz4Frame(frame, into);
    return text(into);
  };

  test('of LZ4 may repeat what it makes, and what blocks before it made', () => {
    // 'ab', then 7 bytes from 2 back; then 'c', and 4 bytes from 4 back, which the block before
    // made in part.
    const first = [0x23, 0x61, 0x62, 2, 0];
    expect(unpacked(lz4(first), 9)).toBe('ababababa');
    expect(unpacked(lz4(first, [0x10, 0x63, 4, 0]), 14)).toBe('ababababacabac');
  });

  test('of LZ4 that is damaged is an error', () => {
    expect(() => unpacked(lz4([0x23, 0x61, 0x62, 3, 0]), 9)).toThrow(/before its beginning/);
    expect(() => unpacked(lz4([0x23, 0x61, 0x62, 0, 0]), 9)).toThrow(/before its beginning/);
    expect(() => unpacked(lz4([0x23, 0x61, 0x62, 2, 0]), 8)).toThrow(/more bytes/);
    expect(() => unpacked(lz4([0x23, 0x61, 0x62, 2, 0]), 10)).toThrow(/has 9 bytes where 10/);
    expect(() => unpacked(lz4([0xf0, 0xff]), 400)).toThrow(/cut off/);
    expect(() => unpacked(lz4([0x50, 0x61]), 5)).toThrow(/cut off/);
    expect(() => unpacked(Uint8Array.of(1, 2, 3, 4, 0x60), 1)).toThrow(/not an LZ4 frame/);
  });

  test('of Zstandard that has another length than is said is an error', () => {
    // A frame of one raw block 'abc', with and without its size in its head.
    const stated = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 0x61, 0x62, 0x63);
    const unstated = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x19, 0, 0, 0x61, 0x62, 0x63);
    for (const frame of [stated, unstated]) {
      const into = new Uint8Array(3);
      unpackZstdFrame(frame, into);
      expect(text(into)).toBe('abc');
      for (const length of [2, 4]) expect(() => unpackZstdFrame(frame, new Uint8Array(length))).toThrow();
      expect(() => unpackZstdFrame(frame.subarray(0, 9), new Uint8Array(3))).toThrow();
    }
    expect(() => unpackZstdFrame(new Uint8Array(12), new Uint8Array(3))).toThrow();
  });
});
