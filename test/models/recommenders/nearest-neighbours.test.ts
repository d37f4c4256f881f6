import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Nearest } from '../../../src/models/recommenders/nearest-neighbours.ts';

test('the k best are kept, of equal ones those offered first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (scores, k) => {
        const nearest = new Nearest(k);
        scores.forEach((score, place) => {
          nearest.offer(place, score);
        });
        const kept = [...nearest.places.subarray(0, nearest.size)].sort((one, two) => one - two);
        const order = scores
          .map((score, place) => ({ score, place }))
          .sort((one, two) => two.score - one.score || one.place - two.place);
        expect(kept).toEqual(
          order
            .slice(0, k)
            .map(({ place }) => place)
            .sort((one, two) => one - two),
        );
      },
    ),
    { numRuns: 500 },
  );
});
