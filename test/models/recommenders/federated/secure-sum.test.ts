import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FederatedRecommender } from '../../../../src/models/recommenders/federated/federated-recommender.ts';
import { SecureSum } from '../../../../src/models/recommenders/federated/secure-sum.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { errorOf, twoTastes } from '../../privacy/planted-units.ts';

const key = new Uint8Array(32).fill(7);
const integers = 2 ** 24;

/** The sum over the clients that answer, and what each of them has. */
function summed(clients: number, isAway: (client: number) => boolean, length = 40, round = 0) {
  const next = numbersOf(clients + round + 1);
  const values = Array.from({ length: clients }, () => Float64Array.from({ length }, () => 200 * (next() - 0.5)));
  const secure = new SecureSum(clients, length, key, round);
  const sent = values.map((own, client) => secure.masked(client, own));
  for (const [client, own] of sent.entries()) if (!isAway(client)) secure.add(client, own);
  return { values, sent, secure, sum: secure.sum() };
}

describe('a secure sum', () => {
  it('is the sum of what the clients that answered have, as integers: exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 2 ** 12 - 1 }), (clients, away) => {
        const isAway = (client: number) => ((away >> client) & 1) === 1;
        const { values, sum } = summed(clients, isAway);
        if (sum === undefined) return;
        const there = values.filter((_, client) => !isAway(client));
        const exact = values[0]?.map((_, at) =>
          there.reduce((all, own) => all + Math.round((own[at] as number) * integers), 0),
        );
        expect(sum.map((value) => value * integers)).toEqual(exact);
      }),
      { numRuns: 60 },
    );
  });

  it('shows the server nothing of a single client: what is sent is spread evenly, whatever is in it', () => {
    const length = 8000;
    const small = new SecureSum(5, length, key, 1).masked(2, new Float64Array(length));
    const large = new SecureSum(5, length, key, 2).masked(2, new Float64Array(length).fill(1e5));
    for (const sent of [small, large]) {
      const shares = [...sent].map((value) => value / 2 ** 52);
      for (let tenth = 0; tenth < 10; tenth++) {
        const inside = shares.filter((share) => Math.floor(10 * share) === tenth).length;
        // 800 expected, with a deviation of 27.
        expect(Math.abs(inside - 800)).toBeLessThan(135);
      }
    }
    const { values, sent } = summed(5, () => false, length);
    const [own, seen] = [values[3] as Float64Array, sent[3] as Float64Array];
    const product = seen.reduce((sum, value, at) => sum + (value / 2 ** 52 - 0.5) * ((own[at] as number) / 200), 0);
    // Of correlation, 5 standard errors.
    expect(Math.abs((12 * product) / length)).toBeLessThan(5 / Math.sqrt(length));
  });

  it('is refused where it would be about one client, or about a part that shares no mask with the rest', () => {
    expect(summed(1, () => false).sum).toBeUndefined();
    expect(summed(8, (client) => client !== 3).sum).toBeUndefined();
    // 0 and 8 of a circle of 16 share no mask; nor do 0, 1 with 8, 9.
    expect(summed(16, (client) => client % 8 !== 0).sum).toBeUndefined();
    expect(summed(16, (client) => client % 8 > 1).sum).toBeUndefined();
    expect(summed(16, (client) => client % 3 === 2).sum).toBeDefined();
  });

  it('takes values whose sum is in range only', () => {
    const secure = new SecureSum(2, 1, key, 0);
    expect([2 ** 26 - 1, 2 ** 26, Number.NaN].map((value) => secure.takes(Float64Array.of(value)))).toEqual([
      ...[true, false, false],
    ]);
  });

  it('takes no answer of a client whose masks may have been told', () => {
    const { secure, sent } = summed(5, (client) => client === 4);
    expect(() => secure.add(4, sent[4] as Float64Array)).toThrow('must not answer any more');
  });

  it('trains as the plain sum does, with clients that drop out too, and skips rounds that it cannot sum', async () => {
    const data = twoTastes(false, 100);
    const usual = { factors: 3, rounds: 20, clientRate: 0.2, serverRate: 2, seed: 1 };
    const trained = (options: object) => {
      const recommender = new FederatedRecommender({ ...usual, ...options });
      recommender.fit(data.ratings);
      return recommender;
    };
    for (const dropRate of [0, 0.1]) {
      const [plain, secure] = [trained({ dropRate }), trained({ dropRate, secureSum: true })];
      const weights = secure.savedWeights().get('items') as Float32Array;
      for (const [at, value] of (plain.savedWeights().get('items') as Float32Array).entries()) {
        expect(weights[at]).toBeCloseTo(value, 4);
      }
      expect(secure.traffic?.unusedRounds).toBe(0);
      expect(secure.traffic?.bytesUp).toBeGreaterThan(2 * (plain.traffic?.bytesUp as number));
      expect(await errorOf(secure, data)).toBeCloseTo(await errorOf(plain, data), 3);
    }
    expect(trained({ secureSum: true, clientRate: 0.01 }).traffic?.unusedRounds).toBeGreaterThan(0);
    expect(trained({ dropRate: 0.5 }).traffic?.bytesUp).toBeLessThan(
      0.8 * (trained({ dropRate: 0.5 }).traffic?.bytesDown as number),
    );
    expect(() => new FederatedRecommender({ dropRate: 1 })).toThrow('`dropRate`');
    expect(() => new FederatedRecommender({ dropRate: '0.5' as never })).toThrow('`dropRate`');
    expect(() => new FederatedRecommender({ secureSum: 'false' as never })).toThrow('`secureSum`');
    const privacy = { noise: 1, clip: 1, delta: 1e-3 };
    expect(() => new FederatedRecommender({ secureSum: true, privacy })).toThrow('depends on who takes part');
  });
});
