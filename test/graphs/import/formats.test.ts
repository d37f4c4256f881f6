import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FeatureInput } from '../../../src/graphs/import/import-options.ts';
import { npyArray, npyHeader } from '../../fixtures/weights/npy-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';
import { duckdb } from '../../io/dataset/tables.ts';
import { fileWith, imported } from './helpers.ts';

/** Two items of three values, exact in float32. */
const EXPECTED = { '7': { f: [0.5, -1.25, 3] }, '12': { f: [2, 0, -0.125] } };

const texts: readonly [what: string, text: string, options?: Omit<FeatureInput, 'path'>][] = [
  ['CSV of a column for each value', 'movieId,f1,f2,f3\n7,0.5,-1.25,3\n12,2,0,-0.125\n'],
  ['CSV with Windows lines and a byte-order mark', '\ufeffmovieId,f1,f2,f3\r\n7,0.5,-1.25,3\r\n12,2,0,-0.125\r\n'],
  ['CSV without a header', '7,0.5,-1.25,3\n12,2,0,-0.125\n'],
  ['CSV whose columns pandas has numbered', ',0,1,2\n7,0.5,-1.25,3\n12,2,0,-0.125\n'],
  ['CSV with an index of pandas beside the ids', ',movieId,f1,f2,f3\n0,7,0.5,-1.25,3\n1,12,2,0,-0.125\n'],
  ['CSV with text beside the values', 'title,movieId,f1,f2,f3\n"Heat, 2",7,0.5,-1.25,3\nX,12,2,0,-0.125\n'],
  ['tab-separated values', 'movieId\tf1\tf2\tf3\n7\t0.5\t-1.25\t3\n12\t2\t0\t-0.125\n'],
  ['semicolons', 'movieId;f1;f2;f3\n7;0.5;-1.25;3\n12;2;0;-0.125\n'],
  ['blanks, as GloVe has', '7 0.5 -1.25 3\n12 2 0 -0.125\n'],
  ['a quoted list', 'itemId,genres,embedding\n7,Drama,"0.5,-1.25,3"\n12,Crime,"2,0,-0.125"\n'],
  ['a quoted list in brackets', 'itemId,v\n7,"[0.5, -1.25, 3]"\n12,"[2, 0, -0.125]"\n'],
  ['an array that NumPy printed over lines', 'itemId,v\n7,"[ 0.5  -1.25\n  3.  ]"\n12,"[ 2.  0.\n -0.125]"\n'],
  ['a list behind a tab', '7\t0.5,-1.25,3\n12\t2,0,-0.125\n'],
  ['ids written as decimals', 'movieId,f1,f2,f3\n7.0,0.5,-1.25,3\n12.0,2,0,-0.125\n'],
  ['named columns', 'a,b,c,d,e\n1,0.5,7,-1.25,3\n2,2,12,0,-0.125\n', { id: 'c', columns: ['b', 'd', 'e'] }],
  ['a named column of lists', 'k,v,w\n7,0.5 -1.25 3,1 1\n12,2 0 -0.125,2 2\n', { column: 'v' }],
  ['JSON lines of arrays', '{"id":7,"v":[0.5,-1.25,3]}\n\n{"id":12,"v":[2,0,-0.125]}'],
  ['JSON lines of numbers', '{"a":0.5,"b":-1.25,"c":3,"itemId":"7"}\n{"itemId":"12","c":-0.125,"a":2,"b":0}\n'],
];

describe('a file of features is read', () => {
  it.each(texts)('as %s', async (_, text, options = {}) => {
    const path = await fileWith('features.txt', text);
    const { content } = await imported([{ ...options, path, name: 'f' }]);
    expect(content).toEqual(EXPECTED);
  });

  it('as lists of two whole numbers, where their column is named', async () => {
    const path = await fileWith('features.csv', 'id;v\n7;3,4\n12;5,6\n');
    const { content } = await imported([{ path, name: 'f', column: 'v' }]);
    expect(content).toEqual({ '7': { f: [3, 4] }, '12': { f: [5, 6] } });
  });

  it('as CSV of values alone, with the ids in a list', async () => {
    const path = await fileWith('features.csv', '0.5,-1.25,3\n2,0,-0.125\n');
    const ids = await fileWith('ids.txt', '7\n12\n');
    expect((await imported([{ path, name: 'f', ids }])).content).toEqual(EXPECTED);
  });

  const values = [0.5, -1.25, 3, 2, 0, -0.125];
  const texts7And12 = Buffer.concat([npyHeader('<U2', [2]), Buffer.from('7\0\0\x001\0\0\x002\0\0\0', 'latin1')]);
  const wrongOrder = Buffer.from('7\0\0\0\0\0\0\x001\0\0\x002\0\0\0', 'latin1');
  const unicode = Buffer.concat([npyHeader('<U2', [2]), wrongOrder]);
  const whole = Buffer.concat([npyHeader('<i8', [2]), Buffer.from(BigInt64Array.of(7n, 12n).buffer)]);

  it.each([
    ['text', '7\n12\n', 'ids.txt'],
    ['CSV', 'title,movieId\nHeat,7\nSpeed,12\n', 'ids.csv'],
    ['64-bit integers of NumPy', whole, 'ids.npy'],
    ['texts of NumPy', unicode, 'ids.npy'],
  ])('as an array of NumPy, with the ids in %s', async (_, list, name) => {
    const path = await fileWith('features.npy', npyArray(values, [2, 3]));
    const ids = await fileWith(name, list);
    expect((await imported([{ path, name: 'f', ids }])).content).toEqual(EXPECTED);
  });

  it('refuses texts of NumPy that have not as many bytes as the header says', async () => {
    const path = await fileWith('features.npy', npyArray(values, [2, 3]));
    const ids = await fileWith('ids.npy', texts7And12);
    await expect(imported([{ path, ids }])).rejects.toMatchObject({ code: 'weights' });
  });

  it('as an .npz of arrays, ids and all: several arrays are several streams', async () => {
    const archive = joined(
      writeZip([
        zipContent('movie_id.npy', unicode, { deflate: true }),
        zipContent('visual.npy', npyArray(values, [2, 3]), { deflate: true }),
        zipContent('audio.npy', Buffer.concat([npyHeader('<f8', [2, 1]), Buffer.from(Float64Array.of(4, 5).buffer)])),
        zipContent('label.npy', npyArray([1, 0], [2])),
      ]),
    );
    const path = await fileWith('features.npz', archive);
    const { content, summary } = await imported([path]);
    expect(content).toEqual({
      '7': { visual: [0.5, -1.25, 3], audio: [4] },
      '12': { visual: [2, 0, -0.125], audio: [5] },
    });
    expect(summary.streams[0]?.passedOver).toEqual(['label']);
    expect((await imported([{ path, name: 'f', column: 'visual' }])).content).toEqual(EXPECTED);
    await expect(imported([`f=${path}`])).rejects.toThrow("has several vectors for each item, 'visual', 'audio'");
  });

  it('as a directory with an array of NumPy for each item, named by its id', async () => {
    const directoryOf = async (files: Readonly<Record<string, Uint8Array>>) => {
      const directory = await temporaryDirectory();
      for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
      return directory;
    };
    for (const shape of [[3], [1, 3]]) {
      const [seven, twelve] = [npyArray(values.slice(0, 3), shape), npyArray(values.slice(3), shape)];
      const path = await directoryOf({ '7.npy': seven, '12.npy': twelve, 'notes.txt': Buffer.from('of somebody') });
      expect((await imported([{ path, name: 'f' }])).content).toEqual(EXPECTED);
      await expect(imported([{ path, ids: 'ids.txt' }])).rejects.toThrow('has an array for each item, and no `ids`');
    }
    const both = npyArray(values, [2, 3]);
    const { content } = await imported([{ path: await directoryOf({ '7.npy': both, '12.npy': both }), name: 'f' }]);
    expect(content).toEqual({ '7': { f: values }, '12': { f: values } });
    const cube = await directoryOf({ '9.npy': npyArray([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]) });
    await expect(imported([cube])).rejects.toThrow('9.npy is an array of [2, 2, 2], not of [values] or');
    for (const shape of [
      [1, 2, 3],
      [1, 2, 3, 1, 1],
    ]) {
      const maps = await directoryOf({ '7.npy': npyArray(values, shape) });
      expect((await imported([{ path: maps, name: 'f' }])).content).toEqual({ '7': { f: values } });
    }
    const archive = (...names: string[]) =>
      joined(writeZip(names.map((name) => zipContent(name, npyArray([1, 2], [2])))));
    const archives = await directoryOf({ '7.npz': archive('v.npy'), '12.npy': npyArray([3, 4], [2]) });
    expect((await imported([{ path: archives, name: 'f' }])).content).toEqual({
      '7': { f: [1, 2] },
      '12': { f: [3, 4] },
    });
    await expect(imported([await directoryOf({ '7.npz': archive('v.npy', 'w.npy') })])).rejects.toThrow(
      '7.npz has 2 arrays, but a directory of items is one stream',
    );
  });

  it('as an .npz with an array for each item, called by its id', async () => {
    const of = (files: Readonly<Record<string, Uint8Array>>) =>
      fileWith('f.npz', joined(writeZip(Object.entries(files).map(([name, content]) => zipContent(name, content)))));
    const path = await of({ '7.npy': npyArray(values.slice(0, 3), [3]), '12.npy': npyArray(values.slice(3), [3]) });
    expect((await imported([path])).content).toEqual(EXPECTED);
    const uneven = await of({ '7.npy': npyArray([1, 2], [2]), '12.npy': npyArray([3], [1]) });
    await expect(imported([uneven])).rejects.toThrow("has no array of ids; it has '7', '12'");
  });

  it('as an array of [items, values, 1, 1], as the last layer of a network leaves it', async () => {
    const ids = await fileWith('ids.txt', '7\n12\n');
    const path = await fileWith('f.npy', npyArray(values, [2, 3, 1, 1]));
    expect((await imported([{ path, ids }])).content).toEqual(EXPECTED);
  });

  it('as an array of [items, subclips, values]', async () => {
    const path = await fileWith('features.npy', npyArray([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]));
    const ids = await fileWith('ids.txt', '7\n12\n');
    const { content, summary } = await imported([{ path, name: 'f', ids }]);
    expect(summary.subclips).toBe(2);
    expect(content).toEqual({ '7': { f: [1, 2, 3, 4] }, '12': { f: [5, 6, 7, 8] } });
  });

  const rows = `(VALUES (7::BIGINT, 0.5::FLOAT, -1.25::DOUBLE, 3::INTEGER), (12, 2, 0, -0.125)) t(movieId, a, b, c)`;
  it.each([
    ['a column for each value', `SELECT movieId, a, b, c::FLOAT AS c FROM ${rows}`],
    ['lists', `SELECT movieId, [a, b, c] AS vector FROM ${rows.replace('3::INTEGER', '3::FLOAT')}`],
    [
      'lists of fixed size',
      `SELECT movieId, [a, b, c]::FLOAT[3] AS vector FROM ${rows.replace('3::INTEGER', '3::FLOAT')}`,
    ],
    [
      'ids as doubles',
      `SELECT movieId::DOUBLE AS movieId, [a, b, c] AS v FROM ${rows.replace('3::INTEGER', '3::FLOAT')}`,
    ],
    [
      'lists in text',
      `SELECT movieId, '[' || a || ', ' || b || ', ' || c || ']' AS vector FROM ${rows.replace('3::INTEGER', '3::FLOAT')}`,
    ],
  ])('as Parquet of %s', async (_, query) => {
    const path = join(await temporaryDirectory(), 'features.parquet');
    const select = query.replace('-0.125)', '-0.125::FLOAT)');
    await duckdb(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    expect((await imported([{ path, name: 'f' }])).content).toEqual(EXPECTED);
  });

  it('as Arrow: a training store of two streams gives the same two', async () => {
    const first = await imported([
      await fileWith('visual.csv', 'id,a,b\n1,0.5,2\n2,4,8\n'),
      await fileWith('audio.csv', 'id,a,b\n2,1,1\n'),
    ]);
    expect((await imported([first.out])).content).toEqual(first.content);
  });
});

it.each([
  ['visual.csv.gz', Buffer.from('id,a,b\n1,2,3\n4,5,6\n')],
  ['visual.jsonl.gz', Buffer.from('{"id":1,"v":[2,3]}\n{"id":4,"v":[5,6]}\n')],
  ['visual.npy.gz', npyArray([2, 3, 5, 6], [2, 2])],
])('unpacks %s, and leaves no copy behind', async (name, content) => {
  const file = await fileWith(name, gzipSync(content));
  const ids = await fileWith('ids.txt.gz', gzipSync('1\n4\n'));
  const { content: found, summary, out } = await imported(name.includes('npy') ? [{ path: file, ids }] : [file]);
  expect(found).toEqual({ 1: { visual: [2, 3] }, 4: { visual: [5, 6] } });
  expect(summary.streams[0]?.file).toBe(file);
  expect(await readdir(dirname(out))).toEqual(['items.arrow']);
});
