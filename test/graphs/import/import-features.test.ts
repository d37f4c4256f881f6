import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importFeatures } from '../../../src/graphs/import/import-features.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';
import { contentOf, fileWith, imported } from './helpers.ts';

describe('importing features', () => {
  it('gives back any float32 numbers of any CSV file, item by item and subclip by subclip', async () => {
    const directory = await temporaryDirectory();
    const [path, out] = [join(directory, 'features.csv'), join(directory, 'items.arrow')];
    const file = fc
      .record({ subclips: fc.integer({ min: 1, max: 3 }), dimension: fc.integer({ min: 1, max: 4 }) })
      .chain(({ subclips, dimension }) =>
        fc.record({
          subclips: fc.constant(subclips),
          delimiter: fc.constantFrom(',', ';', '\t'),
          items: fc.uniqueArray(
            fc.record({
              id: fc.oneof(fc.nat(1e6).map(String), fc.stringMatching(/^[a-z]{3}[A-Za-z0-9_-]{1,8}$/)),
              values: fc.array(
                fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
                {
                  minLength: subclips * dimension,
                  maxLength: subclips * dimension,
                },
              ),
            }),
            { minLength: 1, maxLength: 8, selector: ({ id }) => id },
          ),
          seed: fc.nat(),
        }),
      );
    await fc.assert(
      fc.asyncProperty(file, async ({ subclips, delimiter, items, seed }) => {
        const dimension = (items[0]?.values.length ?? 0) / subclips;
        const rows = items.flatMap(({ id, values }) =>
          Array.from({ length: subclips }, (_, subclip) =>
            [id, subclip, ...values.slice(subclip * dimension, (subclip + 1) * dimension)].join(delimiter),
          ),
        );
        // In whatever order they come.
        const mixed = rows.map((row, index) => ({ row, at: (index * 7919 + seed) % 31 })).sort((a, b) => a.at - b.at);
        const header = ['itemId', 'subclip', ...Array.from({ length: dimension }, (_, index) => `f${index}`)];
        await writeFile(path, `${header.join(delimiter)}\n${mixed.map(({ row }) => row).join('\n')}\n`);
        await importFeatures([`f=${path}`], out, { standardise: 'none' });
        const expected = Object.fromEntries(items.map(({ id, values }) => [id, { f: values.map(Math.fround) }]));
        expect(await contentOf(out)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('joins files by ids, 1 and 1.0 being one, and names what lacks a stream', async () => {
    const visual = await fileWith('visual.csv', 'movieId,a\n1,10\n2,20\n3,30\n');
    const audio = await fileWith('audio.csv', 'item_id,b\n2.0,5\n1.00,6\n4,7\n');
    const { summary, content } = await imported([visual, audio]);
    expect(content).toEqual({
      '1': { visual: [10], audio: [6] },
      '2': { visual: [20], audio: [5] },
      '3': { visual: [30], audio: undefined },
      '4': { visual: undefined, audio: [7] },
    });
    expect(summary.streams).toMatchObject([
      { name: 'visual', kind: 'dense', dimension: 1, items: 3, lacking: { count: 1, first: ['4'] } },
      { name: 'audio', items: 3, lacking: { count: 1, first: ['3'] } },
    ]);
  });

  it('clips at the 1st and 99th percentile, then brings each column to mean 0 and deviation 1', async () => {
    // 0, 1, ..., 100: the percentiles are 1 and 99. In the second column an outlier; the third is
    // constant, the fourth almost.
    const rows = Array.from({ length: 101 }, (_, id) => `${id},${id},${id === 100 ? 1e6 : id},4,${id === 50 ? 9 : 0}`);
    const path = await fileWith('f.csv', `id,plain,outlier,constant,rare\n${rows.join('\n')}\n`);
    const { content, summary, out } = await imported([path], { standardise: 'robust' });
    const clipped = Array.from({ length: 101 }, (_, id) => Math.min(99, Math.max(1, id)));
    const deviation = Math.sqrt(clipped.reduce((sum, value) => sum + (value - 50) ** 2, 0) / 101);
    for (const [id, value] of clipped.entries()) {
      const expected = Math.fround((value - 50) / deviation);
      expect(content[id]?.f).toEqual([expected, expected]);
    }
    expect(summary.streams[0]?.dropped).toEqual([
      { column: 'constant', why: 'constant' },
      { column: 'rare', why: 'constant between its 1st and 99th percentile' },
    ]);
    const store = await ItemStore.open(out);
    expect(JSON.parse(store.metadata.kinds ?? '')).toEqual({ f: 'dense' });
    const described = JSON.parse(store.metadata.import ?? '');
    expect(described).toMatchObject({ standardise: 'robust', missing: 'refuse' });
    expect(described.streams[0]).toMatchObject({ columns: ['plain', 'outlier'] });
    expect(described.streams[0].scales[0]).toEqual({
      low: 1,
      high: 99,
      mean: 50,
      deviation: expect.closeTo(deviation, 10),
    });
    await store.close();
  });

  it('fits scales to the items of a list, and transforms all', async () => {
    const path = await fileWith('f.csv', 'id,a\n1,0\n2,2\n3,4\n4,100\n');
    const fitOn = await fileWith('train.txt', '1.0\n2\n3\n9\n');
    const { content, summary } = await imported([path], { standardise: 'standard', fitOn });
    const deviation = Math.sqrt(8 / 3);
    expect(content['1']?.f?.[0]).toBeCloseTo(-2 / deviation, 6);
    expect(content['4']?.f?.[0]).toBeCloseTo(98 / deviation, 5);
    expect(summary.fitOn).toEqual({ file: fitOn, items: 3, unknown: 1 });
  });

  it('counts missing values, and refuses them, or takes the mean, or drops the stream of the item', async () => {
    const path = await fileWith('f.csv', 'id,a,b\n1,1,5\n2,nan,6\n3,,inf\n4,2,10\n');
    await expect(imported([path])).rejects.toThrow(
      /3 values are missing or not finite in 2 item\(s\) of .*f\.csv; the first: .*f\.csv, line 3, value 1 of 'f'/,
    );
    const mean = await imported([path], { missing: 'mean' });
    expect(mean.content).toMatchObject({ '2': { f: [1.5, 6] }, '3': { f: [1.5, 7] } });
    expect(mean.summary.streams[0]?.missingValues).toBe(3);
    const dropped = await imported([path], { missing: 'drop' });
    expect(dropped.content).toEqual({ '1': { f: [1, 5] }, '4': { f: [2, 10] } });
    expect(dropped.summary.leftOut).toEqual({ count: 2, first: ['2', '3'] });
  });

  it('leaves out a column of numbers with a text among them, and names both', async () => {
    const { summary } = await imported([
      await fileWith('spoilt.csv', 'movieId,title,a,b\n1,x,1,0.5\n2,y,o1,0.25\n3,z,3,1\n'),
    ]);
    const [stream] = summary.streams;
    expect(stream).toMatchObject({ dimension: 1, passedOver: ['title'] });
    expect(stream?.dropped).toEqual([{ column: 'a', why: "'o1' is not a number" }]);
  });

  it('counts numbers that are infinite as float32 as not finite', async () => {
    const file = await fileWith('huge.csv', 'movieId,a\n1,1e40\n2,3\n3,5\n');
    await expect(imported([file])).rejects.toThrow('1 value is missing or not finite in 1 item(s)');
    const { content } = await imported([file], { missing: 'mean' });
    expect(content['1']).toEqual({ huge: [4] });
  });

  it('takes rows of one item in the order of their subclips, and one row for all subclips of another stream', async () => {
    const visual = await fileWith('visual.csv', 'id,shot,a\n1,2,20\n1,1,10\n2,1,30\n2,2,40\n');
    const audio = await fileWith('audio.csv', 'id,b\n1,5\n2,6\n');
    const { content, summary } = await imported([{ path: visual, subclip: 'shot' }, audio]);
    expect(summary.subclips).toBe(2);
    expect(content).toEqual({
      '1': { visual: [10, 20], audio: [5, 5] },
      '2': { visual: [30, 40], audio: [6, 6] },
    });
  });

  it('names items that have another number of subclips than the others, and a subclip that comes twice', async () => {
    const path = await fileWith('f.csv', 'id,subclip,a\n1,0,1\n1,1,2\n2,0,1\n3,0,1\n3,1,2\n');
    await expect(imported([path])).rejects.toThrow("most have 2, but one has not: '2' (1)");
    const twice = await fileWith('f.csv', 'id,subclip,a\n1,0,1\n1,0,2\n');
    await expect(imported([twice])).rejects.toThrow("has subclip 0 of item '1' twice");
  });

  it('turns genres, years and categories into streams of the items that there are', async () => {
    const features = await fileWith('f.csv', 'id,a\n1,1\n2,2\n3,3\n4,5\n');
    const list =
      'movieId,title,genres\n1,A (1990),Drama|Crime\n2,B (2000),Drama\n3,C,(no genres listed)\n9,D (2010),War\n';
    const genres = await fileWith('movies.csv', list);
    const other = await fileWith('other.csv', 'movieId,country\n1,FR|DE\n2,FR\n3,DE\n4,IT\n');
    const { content, summary, out } = await imported([features], {
      ...{ genres, year: true, minimumItems: 2 },
      categories: [{ file: other, column: 'country' }],
    });
    expect(content).toEqual({
      '1': { f: [1], year: [1990], genres: [1], country: [1, 1] },
      '2': { f: [2], year: [2000], genres: [1], country: [0, 1] },
      '3': { f: [3], year: undefined, genres: undefined, country: [1, 0] },
      '4': { f: [5], year: undefined, genres: undefined, country: [0, 0] },
    });
    const streams = Object.fromEntries(summary.streams.map((stream) => [stream.name, stream]));
    expect(streams.genres).toMatchObject({ kind: 'categorical', dimension: 1, items: 2 });
    expect(streams.genres?.dropped).toEqual([{ column: 'Crime', why: 'has 1 item(s), fewer than 2' }]);
    const store = await ItemStore.open(out);
    expect(JSON.parse(store.metadata.kinds ?? '')).toEqual({
      f: 'dense',
      year: 'dense',
      genres: 'categorical',
      country: 'categorical',
    });
    await store.close();
    const alone = await imported([], { genres, minimumItems: 1 });
    expect(Object.keys(alone.content)).toEqual(['1', '2', '9']);
    expect(alone.content['9']).toEqual({ genres: [0, 0, 1] });
  });
});
