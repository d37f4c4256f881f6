import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackedTexts } from '../../src/core/packed-texts.ts';

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 });
const hexText = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 20 });

for (const [kind, text] of [
  ['text', anyText],
  ['hex', hexText],
] as const) {
  test(`packed texts (${kind}) have the places that a map would give them`, () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 600 }), fc.array(text), (added, asked) => {
        const texts = new PackedTexts(kind);
        const expected = new Map<string, number>();
        for (const each of added) {
          if (!expected.has(each)) expected.set(each, expected.size);
          expect(texts.add(each)).toBe(expected.get(each));
        }
        for (const each of [...added, ...asked]) expect(texts.placeOf(each)).toBe(expected.get(each));
        for (const [each, place] of expected) expect(texts.at(place)).toBe(each);
        expect(texts.size).toBe(expected.size);
        expect(texts.at(expected.size)).toBeUndefined();
        texts.clear();
        for (const each of added) expect(texts.placeOf(each)).toBeUndefined();
      }),
    );
  });
}

test('a text may be long, beside ten thousand short ones', () => {
  const texts = new PackedTexts();
  const long = 'ä'.repeat(100_000);
  expect(texts.add(long)).toBe(0);
  for (let at = 0; at < 10_000; at += 1) texts.add(`trailer-${at}`);
  expect(texts.at(texts.placeOf(long) as number)).toBe(long);
  expect(texts.placeOf('trailer-9999')).toBe(10_000);
  expect(texts.placeOf('trailer-10000')).toBeUndefined();
});
