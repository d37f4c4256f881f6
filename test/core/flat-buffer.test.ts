import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlatTable } from '../../src/core/flat-buffer-reader.ts';
import { byte, encodeFlatBuffer, integer, long, short } from '../../src/core/flat-buffer-writer.ts';

const contents = fc.record({
  small: fc.integer({ min: 0, max: 127 }),
  middle: fc.integer({ min: 0, max: 0x7fff }),
  large: fc.integer({ min: 0, max: 0x7fffffff }),
  huge: fc.maxSafeNat(),
  text: fc.string({ unit: 'grapheme' }),
  structs: fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat())),
  names: fc.array(fc.string(), { maxLength: 5 }),
});

function encode({
  small,
  middle,
  large,
  huge,
  text,
  structs,
  names,
}: typeof contents extends fc.Arbitrary<infer T> ? T : never) {
  const tables = names.map((name) => ({ slots: [undefined, { text: name }] }));
  const inner = { slots: [{ integers: structs.flat(), width: 3 }, { tables }] };
  return encodeFlatBuffer({
    slots: [byte(small), long(huge), undefined, short(middle), inner, integer(large), { text }],
  });
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

test('every part begins at a multiple of its size, as readers in other languages require', () => {
  fc.assert(
    fc.property(contents, (written) => {
      const bytes = encode(written);
      const table = bytes.readUInt32LE(0);
      const directory = table - bytes.readInt32LE(table);
      expect([table % 8, directory % 2]).toEqual([0, 0]);
      const places = [1, 8, 0, 2, 4, 4, 4].map((size, slot) => [size, bytes.readUInt16LE(directory + 4 + 2 * slot)]);
      for (const [size, place] of places)
        if (size !== 0 && place !== 0) expect(((place as number) + table) % (size as number)).toBe(0);
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
