import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/operators/fifo.ts';

describe('a first-in first-out queue', () => {
  it('does as an array does, for any sequence of operations and across its own clean-ups', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ removeMultiplesOf: fc.integer({ min: 2, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<number>();
        let reference: number[] = [];
        let next = 1;
        for (const it of steps) {
          if ('push' in it) {
            for (let count = 0; count < it.push; count++) {
              fifo.push(next);
              reference.push(next++);
            }
          } else if ('shift' in it) {
            for (let count = 0; count < it.shift; count++) expect(fifo.shift()).toBe(reference.shift());
          } else {
            const matches = (value: number) => value % it.removeMultiplesOf === 0;
            expect(fifo.remove(matches)).toEqual(reference.filter(matches));
            reference = reference.filter((value) => !matches(value));
          }
          expect([fifo.size, fifo.peek()]).toEqual([reference.length, reference[0]]);
        }
      }),
    );
  });
});
