import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Client, visitClient } from '../../../../src/models/recommenders/federated/client.ts';
import {
  type FederatedOptions,
  FederatedRecommender,
} from '../../../../src/models/recommenders/federated/federated-recommender.ts';
import { UserMeanRecommender } from '../../../../src/models/recommenders/user-mean.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { errorOf, twoTastes } from '../../privacy/planted-units.ts';

const reference = JSON.parse(readFileSync(new URL('federated-reference.json', import.meta.url), 'utf8')) as {
  readonly changes: readonly number[][];
  readonly own: readonly number[][];
};
const usual = { factors: 4, rounds: 40, serverRate: 2, seed: 1 };
const data = twoTastes(false, 400);

function fitted(options: FederatedOptions, { ratings } = data): FederatedRecommender {
  const recommender = new FederatedRecommender({ ...usual, ...options });
  recommender.fit(ratings);
  return recommender;
}

/** The weights and clients of federated-reference.py. */
function referenceClients() {
  const [items, width] = [4, 3];
  const next = numbersOf(7);
  const weights = Float64Array.from({ length: items * width }, () => next() - 0.5);
  const clients = [1, 2].map((users): Client => {
    const own = Float64Array.from({ length: users * width }, () => next() - 0.5);
    const rows: [number, number, number][] = [];
    for (let user = 0; user < users; user++) {
      for (let item = 0; item < items; item++) if (next() < 0.7) rows.push([user, item, 1 + Math.floor(next() * 5)]);
    }
    return {
      own,
      users: Int32Array.from(rows, ([user]) => user),
      items: Int32Array.from(rows, ([, item]) => item),
      values: Float32Array.from(rows, ([, , value]) => value),
    };
  });
  return { weights, clients, width };
}

describe('federated averaging', () => {
  it('changes what a client has as NumPy does, and keeps its vectors there', () => {
    const { weights, clients, width } = referenceClients();
    const before = weights.slice();
    const local = { width, epochs: 2, learningRate: 0.1, regularisation: 0.05, base: 3 };
    for (const [at, client] of clients.entries()) {
      const { items, change } = visitClient(client, weights, local);
      const all = new Float64Array(weights.length);
      for (const [place, item] of items.entries()) {
        all.set(change.subarray(place * width, (place + 1) * width), item * width);
      }
      for (const [n, value] of all.entries()) expect(value).toBeCloseTo(reference.changes[at]?.[n] as number, 10);
      for (const [n, value] of client.own.entries()) expect(value).toBeCloseTo(reference.own[at]?.[n] as number, 10);
    }
    expect(weights).toEqual(before);
  });

  it('finds planted tastes, by users and by groups of them, and nothing where there is nothing', async () => {
    const means = new UserMeanRecommender();
    means.fit(data.ratings);
    const simple = await errorOf(means, data);
    expect(await errorOf(fitted({}), data)).toBeLessThan(0.2 * simple);
    expect(await errorOf(fitted({ groups: 20, clientRate: 0.5 }), data)).toBeLessThan(0.2 * simple);
    const cut = twoTastes(true, 400);
    expect(await errorOf(fitted({}, cut), cut)).toBeGreaterThan(simple);
  });

  it('finds them privately at an epsilon of 4.5, and not at 0.2', async () => {
    const privacy = { noise: 1, clip: 0.5, delta: 1e-4, repeatable: true };
    const found = fitted({ privacy });
    expect(found.guarantee).toMatchObject({ unit: 'user', rate: 0.1, steps: 40 });
    expect(found.guarantee?.epsilon).toBeCloseTo(4.54, 1);
    expect(await errorOf(found, data)).toBeLessThan(0.6);
    const hidden = fitted({ privacy: { ...privacy, noise: 20 } });
    expect(hidden.guarantee?.epsilon).toBeLessThan(0.2);
    expect(await errorOf(hidden, data)).toBeGreaterThan(1.2);
    expect(fitted({ groups: 20, privacy: { ...privacy, delta: 0.01 } }).guarantee).toMatchObject({ unit: 'client' });
  });

  it('counts a client whose change is not of numbers as zeros when private', () => {
    const privacy = { noise: 0.01, clip: 0.5, delta: 1e-4, repeatable: true };
    const found = fitted({ learningRate: 9, localEpochs: 20, rounds: 3, privacy }, twoTastes(false, 60));
    for (const value of found.savedWeights().get('items') ?? []) expect(Number.isFinite(value)).toBe(true);
  });

  it('tells what was sent: all weights of items to each visited client, and as much back', () => {
    const { traffic } = fitted({ clientRate: 1, rounds: 3 });
    const bytes = 4 * data.ratings.itemCount * 5 * 400 * 3;
    expect(traffic).toEqual({ rounds: 3, visits: 1200, bytesDown: bytes, bytesUp: bytes, unusedRounds: 0 });
  });

  it('gives the same weights again, and predicts the same from the weights of the items alone', () => {
    const first = fitted({});
    expect(fitted({}).savedWeights()).toEqual(first.savedWeights());
    const restored = new FederatedRecommender(usual);
    restored.restore(data.ratings, first.savedWeights());
    const { users, items } = data.heldOut;
    expect(restored.predict(users, items)).toEqual(first.predict(users, items));
    const secret = { noise: 1, delta: 1e-4 };
    expect(fitted({ privacy: secret }).savedWeights()).not.toEqual(fitted({ privacy: secret }).savedWeights());
  });

  it('serves a user whom no client had', () => {
    const own = { items: Int32Array.of(0, 1), values: Float32Array.of(4.5, 1) };
    const [same, other] = fitted({}).scoreNewUser(own, Int32Array.of(2, 3));
    expect(same as number).toBeGreaterThan((other as number) + 1);
  });

  it('refuses wrong options', () => {
    expect(() => new FederatedRecommender({ clientRate: 0 })).toThrow('`clientRate`');
    expect(() => new FederatedRecommender({ privacy: { noise: 1, unit: 'rating' } })).toThrow(
      expect.objectContaining({ code: 'no-privacy' }),
    );
    expect(() => fitted({ learningRate: 9 })).toThrow(expect.objectContaining({ code: 'diverged' }));
  });
});
