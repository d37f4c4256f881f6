import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLines, printableTexts } from '../../src/core/printable.ts';

const outside = 'a\u001b[2J\u009b31m\u202eb\u{e0041}\r\n\tc\u2028';

describe('a text from outside', () => {
  it('has nothing in it that steers a terminal', () => {
    expect(printable(outside)).toBe('a\ufffd[2J\ufffd31m\ufffdb\ufffd\ufffd\ufffd\ufffdc\ufffd');
    expect(printable('é 👩 日本')).toBe('é 👩 日本');
  });

  it('of several lines keeps them, and its tabs', () => {
    expect(printableLines(outside)).toBe('a\ufffd[2J\ufffd31m\ufffdb\ufffd\ufffd\n\tc\ufffd');
  });

  it('is so wherever it stands in a value', () => {
    const value = { said: ['\u0007', { path: 'x\u001b' }], count: 3, left: undefined, bytes: Uint8Array.of(7) };
    expect(printableTexts(value)).toEqual({ ...value, said: ['\ufffd', { path: 'x\ufffd' }] });
  });

  it('is the same for a program that reads JSON, and steers no terminal there either', () => {
    const json = printableJson({ outside });
    expect(JSON.parse(json)).toEqual({ outside });
    expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
