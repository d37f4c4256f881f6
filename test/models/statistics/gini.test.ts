import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { giniDecrease } from '../../../src/models/statistics/gini.ts';

/** Every split between two values, from the shares of both sides. */
function bySplits(values: readonly number[], labels: readonly number[]): number {
  const impurity = (own: readonly number[]) => {
    const share = own.length === 0 ? 0 : own.reduce((sum, label) => sum + label, 0) / own.length;
    return 1 - share ** 2 - (1 - share) ** 2;
  };
  const decreases = values.map((cut) => {
    const [low, high] = [
      labels.filter((_, at) => (values[at] as number) < cut),
      labels.filter((_, at) => (values[at] as number) >= cut),
    ];
    return impurity(labels) - (low.length * impurity(low) + high.length * impurity(high)) / labels.length;
  });
  return Math.max(0, ...decreases);
}

describe('giniDecrease', () => {
  it('is that of the best of all splits', () => {
    const rows = fc.array(fc.record({ value: fc.integer({ min: 0, max: 6 }), label: fc.integer({ min: 0, max: 1 }) }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(rows, (own) => {
        const [values, labels] = [own.map(({ value }) => value), own.map(({ label }) => label)];
        const found = giniDecrease(Float32Array.from(values), Uint8Array.from(labels));
        expect(found).toBeCloseTo(bySplits(values, labels), 12);
      }),
    );
  });

  it('is one half where a split tells all, and 0 where none can be made', () => {
    expect(giniDecrease(Float32Array.of(3, 1, 4, 2), Uint8Array.of(1, 0, 1, 0))).toBe(0.5);
    expect(giniDecrease(Float32Array.of(1, 1, 1), Uint8Array.of(1, 0, 1))).toBe(0);
    expect(giniDecrease(new Float32Array(0), new Uint8Array(0))).toBe(0);
  });
});
