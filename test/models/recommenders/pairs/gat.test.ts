import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { FeedBuffers } from '../../../../src/models/autodiff/feed-buffers.ts';
import { segmentSoftmax, segmentSums } from '../../../../src/models/autodiff/operations/segments.ts';
import { Tape } from '../../../../src/models/autodiff/tape.ts';
import { encodeModel } from '../../../../src/models/onnx/write.ts';
import { type GatOptions, gat } from '../../../../src/models/recommenders/pairs/gat.ts';
import { PairRecommender } from '../../../../src/models/recommenders/pairs/pair-recommender.ts';
import { graphFeeds, graphInputs } from '../../../../src/models/recommenders/pairs/rating-graph.ts';
import { UserMeanRecommender } from '../../../../src/models/recommenders/user-mean.ts';
import { training } from '../support.ts';
import { errorOf, looks } from './planted-pairs.ts';

const options: GatOptions = { width: 8, heads: 2, hidden: [8], dropout: 0 };
const trained = { seed: 1, epochs: 30, batchSize: 120, learningRate: 0.02 };

describe('graph attention', () => {
  it('predicts items that nobody has rated from content, with and without ids; cut, it does not', async () => {
    const errors: number[] = [];
    for (const [id, isCut] of [
      [true, false],
      [false, false],
      [false, true],
    ] as const) {
      const planted = looks(isCut);
      await using recommender = new PairRecommender(gat, { ...options, id }, trained);
      await recommender.fit(planted.ratings, undefined, planted.sources);
      errors.push(await errorOf(recommender, planted.heldOut));
    }
    const planted = looks();
    const simple = new UserMeanRecommender();
    simple.fit(planted.ratings);
    const usual = await errorOf(simple, planted.heldOut);
    expect(errors[0]).toBeLessThan(0.5 * usual);
    expect(errors[1]).toBeLessThan(0.5 * usual);
    expect(errors[2]).toBeGreaterThan(0.9 * usual);
  });

  it('weighs the neighbours of each node with shares that add up to 1', async () => {
    const tape = new Tape({ training: false, precision: 'float32' });
    const { graph } = tape;
    const to = graph.integers([0, 2, 2, 1, 2, 0]);
    const sums = segmentSums(tape, segmentSoftmax(tape, graph.input('scores', [6, 1]), to, 3), to, 3);
    const session = await ort.InferenceSession.create(encodeModel(graph.build([sums])));
    const scores = new ort.Tensor('float32', Float32Array.of(3, -20, 0.5, -7, 1, 4), [6, 1]);
    const [found] = Object.values(await session.run({ scores }));
    await session.release();
    expect(found?.data).toHaveLength(3);
    for (const sum of (found?.data ?? []) as Float32Array) expect(sum).toBeCloseTo(1, 6);
  });

  it('predicts the same when users and items are numbered otherwise', async () => {
    const { ratings, heldOut, sources } = looks();
    const own = { ...options, id: false };
    await using recommender = new PairRecommender(gat, own, { ...trained, epochs: 3 });
    await recommender.fit(ratings, undefined, sources);
    const [users, items] = [ratings.userCount, ratings.itemCount];
    const turned = <Of extends { users: Int32Array; items: Int32Array }>(of: Of): Of => ({
      ...of,
      users: of.users.map((user) => (7 * user + 3) % users),
      items: of.items.map((item) => (9 * item + 5) % items),
    });
    const weights = new Map(await recommender.weights());
    for (const [name, width] of [
      ['streams/visual', 3],
      ['streams/visual/present', 1],
    ] as const) {
      const values = weights.get(name) as Float32Array;
      const moved = new Float32Array(values.length);
      for (let item = 0; item < items; item++) {
        moved.set(values.subarray(item * width, (item + 1) * width), ((9 * item + 5) % items) * width);
      }
      weights.set(name, moved);
    }
    await using other = new PairRecommender(gat, own, trained);
    await other.restore(turned(ratings), weights);
    const expected = await recommender.predict(heldOut.users, heldOut.items);
    const found = await other.predict(turned(heldOut).users, turned(heldOut).items);
    for (const [row, value] of found.entries()) expect(Math.abs(value - (expected[row] as number))).toBeLessThan(1e-5);
  });

  it('has no edge for a rating that a step learns, nor for one of a cold item, and no like of it', () => {
    const rows: [number, number, number][] = [
      [0, 0, 5],
      [0, 1, 4],
      [1, 0, 2],
      [1, 2, 5],
    ];
    const space = { training: training(rows, 2, 3), mean: 4, known: new Uint8Array(3).fill(1), sources: {} };
    const edgesOf = (feeds: ReturnType<typeof graphFeeds>) => {
      const [from, to] = [graphInputs.from, graphInputs.to].map((name) => Array.from(feeds[name]?.data ?? []));
      return from?.map((node, edge) => `${node}-${to?.[edge]}`).filter((edge) => new Set(edge.split('-')).size > 1);
    };
    // Users are nodes 0 and 1, node 2 is whoever was not in training, items are nodes 3 to 5.
    const isCold = Uint8Array.of(0, 0, 0, 0, 0, 1);
    const feeds = graphFeeds(space, new FeedBuffers(), { targets: Int32Array.of(0), isCold });
    expect(edgesOf(feeds)).toEqual(['0-4', '4-0', '1-3', '3-1']);
    expect(Array.from(feeds[graphInputs.likedItems]?.data ?? [])).toEqual([1, 0]);
    expect(Array.from(feeds[graphInputs.shown]?.data ?? [])).toEqual([1, 1, 0, 1, 1, 0]);
    const whole = graphFeeds(space, new FeedBuffers(), {
      guest: { items: Int32Array.of(2), values: Float32Array.of(1) },
    });
    expect(edgesOf(whole)).toEqual(['0-3', '3-0', '0-4', '4-0', '1-3', '3-1', '1-5', '5-1', '2-5', '5-2']);
  });

  it('refuses heads that do not fit, and a network that is told nothing of items', () => {
    expect(() => new PairRecommender(gat, { width: 8, heads: 3 })).toThrow('multiple of `heads`');
    expect(() => new PairRecommender(gat, { id: false, content: false })).toThrow('leaves content');
  });
});
