import fc from 'fast-check';
import { Builder, type Offset } from 'flatbuffers';
import { expect, test } from 'vitest';
import { FlatTable } from '../../src/core/flat-buffer-reader.ts';

const contents = fc.record({
  small: fc.integer({ min: 0, max: 0xff }),
  middle: fc.integer({ min: -0x8000, max: 0x7fff }),
  large: fc.integer(),
  huge: fc.maxSafeInteger(),
  text: fc.string({ unit: 'grapheme' }),
  structs: fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat())),
  names: fc.array(fc.string(), { maxLength: 5 }),
});

type Contents = typeof contents extends fc.Arbitrary<infer T> ? T : never;

function encode({ small, middle, large, huge, text, structs, names }: Contents): Buffer {
  const builder = new Builder();
  const inner = [putStructs(builder, structs), putTables(builder, ...names.map((name) => putText(builder, 1, name)))];
  builder.startObject(2);
  for (const [slot, vector] of inner.entries()) builder.addFieldOffset(slot, vector, 0);
  const table = builder.endObject();
  const words = builder.createString(text);
  builder.startObject(7);
  builder.addFieldInt8(0, small, 0);
  builder.addFieldInt64(1, BigInt(huge), 0n);
  builder.addFieldInt16(3, middle, 0);
  builder.addFieldOffset(4, table, 0);
  builder.addFieldInt32(5, large, 0);
  builder.addFieldOffset(6, words, 0);
  return finish(builder, builder.endObject());
}

/** A vector of structs of 64-bit integers. */
function putStructs(builder: Builder, structs: readonly (readonly number[])[]): Offset {
  builder.startVector(24, structs.length, 8);
  for (const value of structs.flat().reverse()) builder.addInt64(BigInt(value));
  return builder.endVector();
}

function putTables(builder: Builder, ...tables: readonly Offset[]): Offset {
  builder.startVector(4, tables.length, 4);
  for (const table of [...tables].reverse()) builder.addOffset(table);
  return builder.endVector();
}

/** A table with a text. */
function putText(builder: Builder, slot: number, text: string): Offset {
  const words = builder.createString(text);
  builder.startObject(slot + 1);
  builder.addFieldOffset(slot, words, 0);
  return builder.endObject();
}

function finish(builder: Builder, root: Offset): Buffer {
  builder.finish(root);
  return Buffer.from(builder.asUint8Array());
}

test('numbers, texts, tables and structs come back, and slots that are not set are their defaults', () => {
  fc.assert(
    fc.property(contents, (written) => {
      const root = FlatTable.root(encode(written));
      expect(root.number(0, 1)).toBe(written.small);
      expect(root.long(1)).toBe(written.huge);
      expect(root.number(3, 2)).toBe(written.middle);
      expect(root.number(5, 4)).toBe(written.large);
      expect(root.text(6)).toBe(written.text);
      const inner = root.table(4);
      expect(Array.from(inner?.integers(0, 3) ?? [])).toEqual(written.structs.flat());
      expect(inner?.tables(1).map((table) => table.text(1))).toEqual(written.names);
      expect([root.number(2, 4), root.long(99), root.text(99), root.table(99)]).toEqual([0, 0, '', undefined]);
      expect([...root.tables(99), ...root.integers(99, 2)]).toEqual([]);
    }),
  );
});

test('bytes that point or reach outside themselves are RangeErrors', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const mutated = fc
    .tuple(contents, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }))
    .map(([written, changes]) => {
      const damaged = encode(written);
      for (const [at, value] of changes) damaged[at % damaged.length] = value;
      return damaged;
    });
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(bytes, mutated), (input) => {
      try {
        const root = FlatTable.root(Buffer.from(input));
        root.text(6);
        root.integers(0, 3);
        for (const table of root.table(4)?.tables(1) ?? []) table.text(1);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        refused += 1;
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});

test('tables that stand in each other twice, over and over, are a RangeError instead of a reading without end', () => {
  const builder = new Builder();
  let table = putText(builder, 0, '');
  // 2 to the power of 40 ways from the outermost to the innermost.
  for (let level = 0; level < 40; level += 1) {
    const twice = putTables(builder, table, table);
    builder.startObject(2);
    builder.addFieldOffset(1, twice, 0);
    table = builder.endObject();
  }
  const bytes = finish(builder, table);
  const count = (from: FlatTable): number => from.tables(1).reduce((sum, inner) => sum + count(inner), 1);
  expect(() => count(FlatTable.root(bytes))).toThrow(new RangeError('its metadata refer to the same tables too often'));
});
