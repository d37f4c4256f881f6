import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { formatBytes, parseBytes } from '../../src/operators/budget.ts';

describe('sizes', () => {
  it.each([
    [17, 17],
    ['17', 17],
    ['17 B', 17],
    ['512KiB', 524_288],
    ['256MiB', 268_435_456],
    ['1.5GB', 1_500_000_000],
    ['2 gib', 2_147_483_648],
    ['1TiB', 2 ** 40],
    ['3kb', 3000],
    ['1G', 2 ** 30],
    ['1Gi', 2 ** 30],
    ['1g', 2 ** 30],
    ['1GiB', 2 ** 30],
    ['512M', 2 ** 29],
    ['1.5 k', 1536],
    ['2T', 2 ** 41],
  ])('reads %s as %i bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '12 parsecs',
    '-3MiB',
    'MiB',
    '1i',
    '1GiG',
    '1.5',
    '0.4B',
    '1GG',
  ])('refuses %s', (text) => {
    expect(() => parseBytes(text)).toThrow(UsageError);
  });

  it('may be a percentage of a whole that is known, and of no other', () => {
    expect([parseBytes('50%', 4 * 2 ** 30), parseBytes('100 %', 1000), parseBytes('12.5%', 1000)]).toEqual([
      ...[2 * 2 ** 30, 1000, 125],
    ]);
    for (const size of ['0%', '101%', '%', '-5%', '50%%'])
      expect(() => parseBytes(size, 1000), size).toThrow(UsageError);
    expect(() => parseBytes('50%')).toThrow("such as '256MiB' or '1G', but is '50%'");
    expect(() => parseBytes('101%', 1000, 'memory')).toThrow('`memory` must be a number of bytes above 0');
  });

  it('are written in binary units', () => {
    expect([17, 1536, 268_435_456, 1.5 * 2 ** 30].map(formatBytes)).toEqual(['17 B', '1.5 KiB', '256 MiB', '1.5 GiB']);
  });

  it('are read back as written where they are whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), (count) => {
        expect(parseBytes(formatBytes(count * 2 ** 20))).toBe(count * 2 ** 20);
      }),
    );
  });
});
