import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { editList } from '../../../src/graphs/recommenders/edit-list.ts';
import { explainItem } from '../../../src/graphs/recommenders/explain-item.ts';
import type { FurtherItem } from '../../../src/graphs/recommenders/further-items.ts';
import { type LoadedRecommender, loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { rankUsers } from '../../../src/graphs/recommenders/rank-users.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { type PlantedScenes, SUBCLIPS, writePlantedScenes } from '../../fixtures/planted-scenes.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let planted: PlantedScenes;
const models = new Map<string, LoadedRecommender>();
const of = (name: string) => models.get(name) as LoadedRecommender;

beforeAll(async () => {
  place = await temporaryDirectory();
  planted = await writePlantedScenes(place.path);
  const { ratings, features } = planted;
  const own = {
    'content-ridge': {},
    'lstm-av': { fits: 1, components: 4, lstm: [4], embedding: 8, epochs: 25 },
    svd: {},
    blend: { parts: ['content-ridge', 'svd'], weights: [0.5, 0.5] },
  };
  for (const [recommender, options] of Object.entries(own)) {
    const out = join(place.path, recommender);
    await trainRecommender({ recommender, ratings, features, options, out, seed: 1 });
    models.set(recommender, await loadRecommender(out));
  }
});
afterAll(async () => {
  for (const model of models.values()) await model.close();
  await place.remove();
});

const strongest = () => [...planted.hidden].filter(([, { factor }]) => Math.abs(factor) > 0.8);
const groupsOf = () => new Map([...planted.tastes].map(([user, taste]) => [user, taste === 1 ? 'likes' : 'dislikes']));

it('a network that pools by attention names the seconds that counted, in lists too', async () => {
  const { ratings, features, hidden } = planted;
  const out = join(place.path, 'attention');
  const options = { pool: 'attention', fits: 1, components: 4, embedding: 8, epochs: 25, learningRate: 0.02 };
  await trainRecommender({ recommender: 'lstm-av', ratings, features, options, out, seed: 1 });
  const model = await loadRecommender(out);
  try {
    const items = strongest()
      .slice(0, 4)
      .map(([item]) => item);
    let found = 0;
    for (const item of items) {
      const { subclips } = await explainItem(model, { item, users: 1 });
      const shares = subclips.map(({ attention }) => attention?.visual ?? 0);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
      if (Math.max(...shares) === shares[hidden.get(item)?.scene as number]) found++;
    }
    expect(found / items.length).toBeGreaterThan(0.7);
    const list = await recommend(model, { user: '1', k: 3, explain: true });
    for (const { itemId, attended } of list.items) {
      expect(attended).toMatchObject([{ stream: 'visual' }]);
      const { subclip = -1, start, end, share = 0 } = attended?.[0] ?? {};
      expect([start, end]).toEqual([subclip * 4, (subclip + 1) * 4]);
      expect(share).toBeGreaterThan(1 / SUBCLIPS);
      expect(hidden.has(itemId)).toBe(true);
    }
  } finally {
    await model.close();
  }
  const [{ attended } = { attended: undefined }] = (await recommend(of('svd'), { user: '1', explain: true })).items;
  expect(attended).toBeUndefined();
});

describe('what a subclip does to the predictions of an item', () => {
  it.each([
    ['content-ridge', 12],
    ['lstm-av', 4],
  ])('is found where it was planted, by %s', async (name, most) => {
    let found = 0;
    const items = strongest().slice(0, most);
    for (const [item, { factor, scene }] of items) {
      const { subclips } = await explainItem(of(name), { item, groups: groupsOf(), users: 40 });
      expect(subclips).toHaveLength(SUBCLIPS);
      const force = subclips.map(({ groups }) => (groups?.likes ?? 0) - (groups?.dislikes ?? 0));
      const strongestAt = force.reduce(
        (best, value, at) => (Math.abs(value) > Math.abs(force[best] ?? 0) ? at : best),
        0,
      );
      if (strongestAt === scene) found++;
      // Those who like the factor would miss a scene that has it, and not one that has its
      // opposite.
      if (strongestAt === scene) expect(Math.sign(force[scene] ?? 0), item).toBe(Math.sign(factor));
    }
    expect(items).toHaveLength(most);
    expect(found / items.length).toBeGreaterThan(0.9);
  });

  it('is told with the times of the reduction, and with what the recommender was trained on', async () => {
    const { subclips, trainedOn, users, mean } = await explainItem(of('content-ridge'), { item: '1', users: 20 });
    expect(subclips.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [4, 8],
      [8, 12],
      [12, 16],
      [16, 20],
    ]);
    expect(users).toBe(20);
    expect(mean).toBeGreaterThan(0.5);
    expect(trainedOn[0]).toMatch(/Recommender content-ridge, trained on \d+ ratings of 40 items by \d+ users/);
    expect(trainedOn[1]).toContain('planted-scenes, pca-4');
  });
});

describe('subclips for a user', () => {
  it('are those that the user was planted to like', async () => {
    const someone = (taste: number) => [...planted.tastes].find(([, own]) => own === taste)?.[0] as string;
    const asked = { item: 'both-ways', itemFeatures: planted.cuts, choose: 2 };
    const { chosen: likes } = await explainItem(of('lstm-av'), { ...asked, user: someone(1) });
    const { chosen: dislikes } = await explainItem(of('lstm-av'), { ...asked, user: someone(-1) });
    expect(likes?.subclips.map(({ subclip }) => subclip)).toContain(0);
    expect(dislikes?.subclips.map(({ subclip }) => subclip)).toContain(1);
    for (const chosen of [likes, dislikes]) expect(chosen?.prediction).toBeGreaterThanOrEqual(chosen?.whole ?? 9);
  });

  it.each(['content-ridge', 'lstm-av'])('are found by scoring the whole item once, as %s predicts it', async (name) => {
    const model = of(name);
    const user = 5;
    const asked: string[] = [];
    const features = new Proxy(model.features as NonNullable<typeof model.features>, {
      get: (all, key) => {
        const value = Reflect.get(all, key, all);
        if (key !== 'with') return typeof value === 'function' ? value.bind(all) : value;
        return (items: readonly FurtherItem[]) => {
          asked.push(...items.map(({ vectors }) => JSON.stringify(vectors)));
          return all.with(items);
        };
      },
    });
    const id = model.saved.userIds[user] as string;
    const { chosen, users } = await explainItem({ ...model, features }, { item: '1', user: id, choose: 2, users: 7 });
    expect(users).toBe(7);
    expect(asked).toHaveLength(1 + SUBCLIPS + SUBCLIPS + (SUBCLIPS - 1));
    expect(new Set(asked).size).toBe(asked.length);
    const item = model.saved.catalogue.findIndex((each) => each.id === '1');
    const [whole] = await model.predict(Int32Array.of(user), Int32Array.of(item));
    expect(chosen?.whole).toBeCloseTo(whole as number, 4);
  });

  it('make an edit list of the ranges, one after another', async () => {
    const user = [...planted.tastes.keys()][0] as string;
    const { chosen } = await explainItem(of('content-ridge'), {
      ...{ item: 'both-ways', itemFeatures: planted.cuts, user, choose: SUBCLIPS },
    });
    const text = editList('both-ways', chosen as NonNullable<typeof chosen>);
    expect(text.split('\n').slice(0, 4)).toEqual([
      'TITLE: both-ways',
      'FCM: NON-DROP FRAME',
      '001  AX       V     C        00:00:00:00 00:00:04:00 00:00:00:00 00:00:04:00',
      '* FROM CLIP NAME: both-ways',
    ]);
    expect(text).toContain('005  AX       V     C        00:00:16:00 00:00:20:00 00:00:16:00 00:00:20:00');
  });
});

describe('the audience of a cut that is not out yet', () => {
  it('is told over all users, beside another cut', async () => {
    const ranked = await rankUsers(of('lstm-av'), {
      ...{ item: 'cut-a', itemFeatures: planted.cuts, against: 'cut-b', k: 5 },
    });
    const { audience, against, users } = ranked;
    expect(ranked).toMatchObject({ itemId: 'cut-a', ratings: 0, candidates: planted.tastes.size });
    const liking = [...planted.tastes.values()].filter((taste) => taste === 1).length / planted.tastes.size;
    // 3.2 + 1.2 of those who like the factor is above 4, 3.2 - 1.2 of the others is not.
    expect(audience?.share).toBeGreaterThan(liking - 0.35);
    expect(audience?.share).toBeLessThanOrEqual(liking + 0.02);
    expect(audience?.interval.low).toBeLessThan(audience?.share ?? 0);
    expect(audience?.interval.high).toBeGreaterThan(audience?.share ?? 1);
    expect(audience?.histogram.reduce((sum, bar) => sum + bar.users, 0)).toBe(planted.tastes.size);
    expect(against?.audience?.share).toBeLessThan(0.2);
    expect(against?.difference).toBeGreaterThan(0.2);
    expect(against?.p).toBeLessThan(1e-6);
    for (const { user } of users) expect(planted.tastes.get(user)).toBe(1);
  });

  it('is learnt again by a recommender that is not neural, whose ratings stay', async () => {
    const { audience, against } = await rankUsers(of('content-ridge'), {
      ...{ item: 'cut-a', itemFeatures: planted.cuts, against: 'cut-b' },
    });
    expect(audience?.users).toBe(planted.tastes.size);
    expect(against?.difference).toBeGreaterThan(0.05);
    expect(against?.p).toBeLessThan(1e-6);
  });

  it('is told with how far a network is off the ratings that it did not learn, and without where all were learnt', async () => {
    const { audience } = await rankUsers(of('lstm-av'), { item: '1' });
    expect(audience?.calibration?.ratings).toBeGreaterThan(100);
    expect(Math.abs(audience?.calibration?.bias ?? 9)).toBeLessThan(0.5);
    expect((await rankUsers(of('content-ridge'), { item: '1' })).audience?.calibration).toBeUndefined();
  });

  it('is refused of a blend with a neural part, whose weights are of the items of its training, and told by one without', async () => {
    const out = join(place.path, 'with-network');
    const network = { recommender: 'lstm-av', options: { fits: 1, components: 4, lstm: [4], embedding: 8, epochs: 1 } };
    const { ratings, features } = planted;
    const options = { parts: ['content-ridge', network], weights: [0.5, 0.5] };
    await trainRecommender({ recommender: 'blend', ratings, features, options, out, seed: 1 });
    const blend = await loadRecommender(out);
    const cut = { item: 'cut-a', itemFeatures: planted.cuts, against: 'cut-b' };
    try {
      const refusal = { code: 'no-content', message: expect.stringContaining('neural part lstm-av') };
      await expect(rankUsers(blend, cut)).rejects.toMatchObject(refusal);
      await expect(explainItem(blend, { item: '1' })).rejects.toMatchObject(refusal);
    } finally {
      await blend.close();
    }
    expect((await rankUsers(of('blend'), cut)).against?.difference).toBeGreaterThan(0);
  });

  it('leaves out those who have rated either of two known items', async () => {
    const { saved } = of('content-ridge');
    const raters = new Set(saved.ratings.users.filter((_, row) => (saved.ratings.items[row] as number) < 2));
    const { candidates } = await rankUsers(of('content-ridge'), {
      ...{ item: saved.catalogue[0]?.id as string, against: saved.catalogue[1]?.id as string },
    });
    expect(candidates).toBe(saved.userIds.length - raters.size);
  });

  it('is refused of recommenders without features, of other features, and of what is not there', async () => {
    const cut = { item: 'cut-a', itemFeatures: planted.cuts };
    await expect(rankUsers(of('svd'), cut)).rejects.toMatchObject({ code: 'no-content' });
    await expect(explainItem(of('svd'), { item: '1' })).rejects.toMatchObject({ code: 'no-content' });
    await expect(rankUsers(of('content-ridge'), { ...cut, item: 'cut-z' })).rejects.toMatchObject({
      code: 'missing-item',
    });
    await expect(explainItem(of('content-ridge'), { item: '1', user: '9999' })).rejects.toMatchObject({
      code: 'unknown-user',
    });
    const other = join(place.path, 'other.arrow');
    const shape = { subclips: SUBCLIPS, streams: [{ name: 'visual', dimension: 3 }] };
    const writer = await ItemStoreWriter.create(other, shape, {});
    await writer.add({ itemId: 'cut-a', vectors: { visual: new Float32Array(3 * SUBCLIPS) } });
    await writer.close();
    await expect(rankUsers(of('content-ridge'), { ...cut, itemFeatures: other })).rejects.toMatchObject({
      code: 'features',
    });
    const foreign = join(place.path, 'foreign.arrow');
    const models = JSON.stringify([{ stream: 'visual', cardHash: 'c', weightsHash: 'other' }]);
    const second = await ItemStoreWriter.create(
      foreign,
      { ...shape, streams: [{ name: 'visual', dimension: 4 }] },
      { models },
    );
    await second.add({ itemId: 'cut-a', vectors: { visual: new Float32Array(4 * SUBCLIPS) } });
    await second.close();
    await expect(rankUsers(of('content-ridge'), { ...cut, itemFeatures: foreign })).rejects.toThrow('other networks');
  });
});
