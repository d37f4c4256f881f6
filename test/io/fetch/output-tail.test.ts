import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../src/io/fetch/output-tail.ts';

function tailOf(pieces: readonly string[]): string[] {
  const tail = new OutputTail();
  for (const piece of pieces) tail.write(Buffer.from(piece));
  return tail.lines;
}

describe('the end of what a program prints', () => {
  it('is its last lines, without what steers a terminal', () => {
    expect(tailOf(['first\nsec', 'ond\r\n\n', '\u001b[31mred\u009b0m\u202e\ttab\u0007'])).toEqual([
      'first',
      'second',
      '[31mred 0m  tab',
    ]);
    expect(tailOf(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`)).at(-1)).toBe('line 999');
    expect(tailOf(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`))).toHaveLength(20);
    expect(tailOf([])).toEqual([]);
  });

  it('does not depend on how the text came in pieces, and stays small', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), maxLength: 3000 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        expect(tailOf(pieces)).toEqual(tailOf([pieces.join('')]));
        expect(tailOf(pieces).join('').length).toBeLessThanOrEqual(4096);
      }),
    );
  });
});
