import { describe, expect, it } from 'vitest';
import { printablePainted } from '../../bin/colours.ts';
import { printable, printableJson, printableLines } from '../../src/core/printable.ts';

const outside = 'a\u001b[2J\u009b31m\u202eb\u{e0041}\r\n\tc\u2028';

describe('a text from outside', () => {
  it('has nothing in it that steers a terminal', () => {
    expect(printable(outside)).toBe('a\ufffd[2J\ufffd31m\ufffdb\ufffd\ufffd\ufffd\ufffdc\ufffd');
    expect(printable('é 👩 日本')).toBe('é 👩 日本');
  });

  it('of several lines keeps them, and its tabs', () => {
    expect(printableLines(outside)).toBe('a\ufffd[2J\ufffd31m\ufffdb\ufffd\ufffd\n\tc\ufffd');
  });

  it('loses what steers a terminal from a painted text, which keeps its colours', () => {
    expect(printablePainted(`\u001b[31m${outside}\u001b[39m`)).toBe(
      '\u001b[31ma\ufffd[2J\ufffd31m\ufffdb\ufffd\ufffd\n\tc\ufffd\u001b[39m',
    );
    expect(printablePainted('\u001b]0;title\u0007\u001b[1m')).toBe('\ufffd]0;title\ufffd\ufffd[1m');
  });

  it('is the same for a program that reads JSON, and steers no terminal there either', () => {
    const json = printableJson({ outside });
    expect(JSON.parse(json)).toEqual({ outside });
    expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
