import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchFeatures } from '../../../src/graphs/analysis/search-features.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { TopFound } from '../../../src/models/analysis/top-found.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { keyOf, unitTable } from '../../io/dataset/fixtures.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let directory: string;
const store = () => join(directory, 'items.arrow');
const features = () => join(directory, 'features');
const [ITEMS, SUBCLIPS, DIMENSION] = [30, 4, 6];
const vectors = new Map<string, Float32Array>();

const part = (item: string, subclip: number) =>
  (vectors.get(item) as Float32Array).subarray(subclip * DIMENSION, (subclip + 1) * DIMENSION);
const mean = (item: string) =>
  Float32Array.from({ length: DIMENSION }, (_, axis) => {
    const values = Array.from({ length: SUBCLIPS }, (_, subclip) => part(item, subclip)[axis] as number);
    return values.reduce((sum, value) => sum + value, 0) / SUBCLIPS;
  });
function cosine(one: Float32Array, other: Float32Array): number {
  const dot = (left: Float32Array, right: Float32Array) =>
    left.reduce((sum, value, axis) => sum + value * (right[axis] as number), 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
}

beforeAll(async () => {
  place = await temporaryDirectory();
  directory = place.path;
  const next = numbersOf(3);
  const shape = { subclips: SUBCLIPS, streams: [{ name: 'visual', dimension: DIMENSION }] };
  const writer = await ItemStoreWriter.create(store(), shape, {});
  for (let item = 0; item < ITEMS; item++) {
    const visual = Float32Array.from({ length: SUBCLIPS * DIMENSION }, () => next() - 0.5);
    vectors.set(`m${item}`, visual);
    await writer.add({ itemId: `m${item}`, vectors: { visual } });
  }
  await writer.close();
  const models = [
    { stream: 'visual', name: 'alexnet', cardHash: 'c1', weightsHash: 'w1', random: true },
    { stream: 'audio', name: 'vggish', cardHash: 'c2', weightsHash: 'w2', random: true },
  ];
  const opened = await Dataset.open(features(), { graphId: 'made-up', name: 'extraction', params: {}, models });
  for (const [index, itemId] of ['clip-a', 'clip-b', 'clip-c'].entries()) {
    const streams = itemId === 'clip-b' ? { visual: 8 } : { visual: 8, audio: 4 };
    await opened.store.commit(
      keyOf(index),
      unitTable({ itemId, streams, counts: [10], statistics: ['mean', 'medmad'], seed: index + 1 }),
    );
  }
  await compact(features());
});
afterAll(() => place.remove());

describe('a search of features', () => {
  it('finds the subclips that a comparison with every one finds, the most similar first', async () => {
    const all = [...vectors.keys()]
      .filter((item) => item !== 'm7')
      .flatMap((item) =>
        [0, 1, 2, 3].map((subclip) => ({ item, subclip, similarity: cosine(part('m7', 2), part(item, subclip)) })),
      )
      .sort((one, other) => other.similarity - one.similarity);
    const { found, compared, stream, random } = await searchFeatures(store(), { item: 'm7', subclip: 2, k: 12 });
    expect([compared, stream, random]).toEqual([(ITEMS - 1) * SUBCLIPS, 'visual', false]);
    expect(found.map(({ item, subclip }) => [item, subclip])).toEqual(
      all.slice(0, 12).map(({ item, subclip }) => [item, subclip]),
    );
    for (const [at, { similarity }] of found.entries()) expect(similarity).toBeCloseTo(all[at]?.similarity ?? 2, 6);
  });

  it('finds items by the means of their subclips', async () => {
    const all = [...vectors.keys()]
      .filter((item) => item !== 'm7')
      .map((item) => ({ item, similarity: cosine(mean('m7'), mean(item)) }))
      .sort((one, other) => other.similarity - one.similarity);
    const { found } = await searchFeatures(store(), { item: 'm7', k: 5 });
    expect(found.map(({ item }) => item)).toEqual(all.slice(0, 5).map(({ item }) => item));
    expect(found[0]?.subclip).toBeUndefined();
  });

  it('finds the row that a vector was taken from', async () => {
    const { found } = await searchFeatures(store(), { vector: part('m20', 3), k: 1 });
    expect(found[0]).toMatchObject({ item: 'm20', subclip: 3 });
    expect(found[0]?.similarity).toBeCloseTo(1, 6);
  });

  it('reads one table of a dataset, passes over items without the stream, and tells random weights', async () => {
    const search = await searchFeatures(features(), { item: 'clip-a', subclip: 0, stream: 'audio', statistic: 'mean' });
    expect(new Set(search.found.map(({ item }) => item))).toEqual(new Set(['clip-c']));
    expect([search.compared, search.random]).toEqual([10, true]);
  });

  it('refuses what is not there, saying what is', async () => {
    const refused = (options: Parameters<typeof searchFeatures>[1]) => expect(searchFeatures(store(), options)).rejects;
    await refused({ item: 'm99' }).toMatchObject({ code: 'unknown-item' });
    await refused({ item: 'm7', subclip: 4 }).toMatchObject({ code: 'unknown-item' });
    await refused({ item: 'm7', stream: 'smell' }).toMatchObject({ code: 'dataset' });
    await refused({ vector: [1, 2] }).toMatchObject({ option: 'vector' });
    await refused({}).toThrow('one of `item`, `like`, `text` or `vector`, but was given 0');
    await expect(
      searchFeatures(features(), { item: 'clip-b', stream: 'audio', statistic: 'mean' }),
    ).rejects.toMatchObject({ code: 'unknown-item' });
  });

  it('agrees with the recipe for DuckDB', async () => {
    const page = readFileSync(new URL('../../../docs/search.md', import.meta.url), 'utf8');
    const [, sql = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
    const connection = await (await DuckDBInstance.create()).connect();
    const [create = '', select = ''] = sql.split(/;\n/);
    await connection.run(create.replaceAll("'features/", `'${features()}/`));
    const rows = (await connection.runAndReadAll(select)).getRowsJson();
    connection.closeSync();
    const { found } = await searchFeatures(features(), { item: 'clip-a', subclip: 0, k: 3, statistic: 'mean' });
    expect(rows.map(([item, subclip]) => [item, subclip])).toEqual(found.map(({ item, subclip }) => [item, subclip]));
    expect(rows.map(([, , likeness]) => Number(likeness))).toEqual(
      found.map(({ similarity }) => expect.closeTo(similarity, 3)),
    );
  });

  it('keeps the best of many, of equals those that came first', () => {
    const top = new TopFound<{ similarity: number; name: number }>(5);
    const all = Array.from({ length: 200 }, (_, name) => ({ similarity: (name * 37) % 19, name }));
    for (const each of all) top.add(each);
    const sorted = [...all].sort((one, other) => other.similarity - one.similarity || one.name - other.name);
    expect(top.sorted()).toEqual(sorted.slice(0, 5));
  });
});
