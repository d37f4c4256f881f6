import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plantRatings } from '../../examples/planted/ratings.ts';
import { plantItems, SCENES } from '../../examples/planted/taste.ts';

const correlation = (left: readonly number[], right: readonly number[]) => {
  const centred = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [a, b] = [centred(left), centred(right)];
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe('what is planted in synthetic clips and ratings', () => {
  it('every clip shows each brightness and sounds each pitch once, so only their order differs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(1000), (count, seed) => {
        const steps = Array.from({ length: SCENES }, (_, step) => step);
        for (const { brightness, pitch } of plantItems(count, seed)) {
          expect([...brightness].sort()).toEqual(steps);
          expect([...pitch].sort()).toEqual(steps);
        }
      }),
    );
  });

  it('the order carries most of the factor, and each light is that of one clip of either direction', () => {
    const items = plantItems(2000, 1);
    const factor = items.map((item) => item.factor);
    expect(
      correlation(
        factor,
        items.map((item) => item.order),
      ),
    ).toBeGreaterThan(0.9);
    const lights = new Map<string, number>();
    for (const { tint, order } of items) {
      lights.set(tint.join(), (lights.get(tint.join()) ?? 0) + Math.sign(order));
    }
    expect([...lights.values()]).toEqual(new Array(1000).fill(0));
  });

  it('ratings are half steps of the scale, follow z for half of the users and -z for the others', () => {
    const items = plantItems(40, 3);
    const { ratings, tastes } = plantRatings(items, { users: 100, ratingsPerUser: 20, seed: 3 });
    expect(tastes.filter((taste) => taste === 1)).toHaveLength(50);
    expect(ratings).toHaveLength(2000);
    for (const { rating } of ratings) expect(rating >= 0.5 && rating <= 5 && Number.isInteger(2 * rating)).toBe(true);
    for (const taste of [1, -1]) {
      const own = ratings.filter(({ user }) => tastes[user] === taste);
      const likings = own.map(({ item }) => taste * (items[item]?.factor ?? 0));
      expect(
        correlation(
          likings,
          own.map(({ rating }) => rating),
        ),
      ).toBeGreaterThan(0.8);
    }
  });

  it('the same seed plants the same, another seed something else', () => {
    expect(plantItems(10, 5)).toEqual(plantItems(10, 5));
    expect(plantItems(10, 5)).not.toEqual(plantItems(10, 6));
  });
});
