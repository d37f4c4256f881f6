import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importFeatures } from '../../../src/graphs/import/import-features.ts';
import type { FeatureInput, ImportOptions } from '../../../src/graphs/import/import-options.ts';
import { npyArray, npyHeader } from '../../fixtures/weights/npy-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';

/** What an import says of a file with this content; nothing must be left of it. */
async function refusal(
  content: string | Uint8Array,
  options: Omit<FeatureInput, 'path'> & ImportOptions = {},
): Promise<{ code: string; message: string; remedy: string }> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'f');
  await writeFile(path, content);
  const { name, id, ids, subclip, column, columns, ...how } = options;
  const of = { name, id, ids, subclip, column, columns };
  const error = await importFeatures([{ ...of, path }], join(directory, 'items.arrow'), how).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(await readdir(directory)).toEqual(['f']);
  const { code, message, remedy } = error as { code: string; message: string; remedy: string };
  return { code, message: message.replaceAll(path, 'f'), remedy };
}

const whole = joined(
  writeZip([
    zipContent('ids.npy', Buffer.concat([npyHeader('<i4', [2]), Buffer.from(Int32Array.of(7, 12).buffer)])),
    zipContent('visual.npy', npyArray([1, 2, 3, 4, 5, 6], [2, 3]), { deflate: false }),
  ]),
);
/** A value inside the archive is not what its checksum says. */
const damaged = Buffer.from(whole);
damaged[whole.indexOf(Buffer.from(Float32Array.of(5).buffer))] = 0x55;

describe('a file of features that is wrong says where and what', () => {
  it.each<[what: string, content: string | Uint8Array, message: string, code?: string]>([
    ['a short line', 'id,a,b\n1,2,3\n2,3\n', 'f, line 3: it has 2 fields where 3 are expected'],
    ['a long line', 'id,a,b\n1,2,3\n2,3,4,5\n', 'f, line 3: it has 4 fields where 3 are expected'],
    [
      'a text among numbers, behind the lines that the layout is told by',
      `id,a\n${Array.from({ length: 50 }, (_, id) => `${id},1\n`).join('')}60,abc\n`,
      "f, line 52: column 'a' should be a number, but is 'abc'",
    ],
    [
      'a list that is too short',
      'id,v\n1,"1,2,3"\n2,"1,2"\n',
      "f, line 3: 'f' has 2 values, but those before it have 3",
    ],
    ['an item that comes twice', 'id,a\n1,2\n1.0,3\n', "f, line 3: item '1' already has a row"],
    ['an empty id', 'id,a\n1,2\n,3\n', 'f, line 3: the item id is empty'],
    ['no ids', 'a,b\n0.5,0.25\n0.75,1\n', "f, line 2: the first column should have the items' ids, but has '0.5'"],
    [
      'decimal commas',
      'id;a;b\n1;0,5;3\n2;0,25;4\n3;1;5\n',
      "f has '0,5', which may be one number with a decimal comma, or two",
    ],
    [
      'no numbers',
      'id,title\n1,Heat\n',
      "f has no column of numbers or of lists of numbers beside the ids; it has 'id', 'title'",
    ],
    ['a header alone', 'id,a\n', 'f has no line of values'],
    ['nothing', '', 'f is empty'],
    ['a quote that is not closed', 'id,v\n1,"1,2\n2,3\n', 'f is not CSV: a quote is opened and never closed'],
    ['one field in each line', '1\n2\n', 'f is not laid out as lines with the same number of fields: an id and values'],
    ['only constants', 'id,a\n1,2\n2,2\n', "f has only constant columns in 'f'"],
    ['a packed text with a wrong line', gzipSync('id,a,b\n1,2,3\n2,3\n'), 'f, line 3: it has 2 fields'],
    ['what is packed twice', gzipSync(gzipSync('id,a\n1,2\n3,4\n')), 'f is compressed with gzip'],
    ['a packed text that is cut off', gzipSync('id,a\n1,2\n3,4\n').subarray(0, 20), 'f is a damaged gzip file'],
    [
      'a packed text that fills the disk',
      gzipSync(Buffer.alloc(65 * 2 ** 20, '1,')),
      'f unpacks to more than 64 MiB, over 200 times its size',
    ],
    ['a packed pickle', gzipSync(Buffer.from([0x80, 4, 0x7d, 0x94, 0x2e])), 'f is a pickle'],
    [
      'a zip archive of a text',
      joined(writeZip([zipContent('f.csv', Buffer.from('id,a\n1,2\n'))])),
      'f is a zip archive, but neither',
      'weights',
    ],
    ['bytes', Buffer.from([1, 0, 2, 0]), 'f is not in a supported format'],
    ['a JSON array', '[{"id":1,"v":[1]}]', 'f is one JSON array, not JSON lines'],
    ['broken JSON', '{"id":1,"v":[1]}\n{"id":2,', 'f, line 2: it is not JSON'],
    [
      'a list of JSON lists',
      '{"id":1,"v":[1]}\n{"id":2,"v":[[1]]}',
      'f has no column of numbers or of lists of numbers',
    ],
    ['a JSON line that is not an object', '{"id":1,"v":[1]}\n7', "f, line 2: it should be an object, but is '7'"],
    ['an .npz that is cut off', whole.subarray(0, whole.length - 30), 'f is not a valid zip archive', 'weights'],
    [
      'an .npz whose values are damaged',
      damaged,
      "f is not a valid zip archive: entry 'visual.npy' is damaged: its CRC-32",
      'weights',
    ],
    [
      'more values than a vector has',
      joined(
        writeZip([
          zipContent('ids.npy', npyArray([1], [1])),
          zipContent('v.npy', npyArray(Array(1_000_001).fill(0), [1, 1_000_001])),
        ]),
      ),
      "f, row 1: 'f' has 1000001 values, more than 1000000",
    ],
    ['an array without ids', npyArray([1, 2], [2, 1]), 'f has no ids'],
    ['an array of one item', npyArray([1, 2], [2]), 'f is an array of [2], not of [items, values] or [items, subclips'],
    ['two columns of one name', 'id,a,b,a\n1,2,3,4\n', "f has several columns called 'a'"],
    ['ids that are there twice', 'id,id,a\n1,1,4\n', "f has several columns called 'id'"],
    ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'f is an HDF5 file'],
    ['a pickle', Buffer.from([0x80, 4, 0x7d, 0x94, 0x2e]), 'f is a pickle'],
    [
      'a JSON object of items',
      '{"1":[1,2],"2":[3,4]}',
      'f is one JSON object with a list for each item, not JSON lines',
    ],
    [
      'an .npz of two lengths',
      joined(writeZip([zipContent('id.npy', npyArray([1, 2], [2])), zipContent('v.npy', npyArray([1, 2, 3], [3, 1]))])),
      'f has 3 rows, but 2 ids were given',
    ],
    [
      'an .npz of Python objects',
      joined(writeZip([zipContent('ids.npy', npyHeader('|O', [1])), zipContent('v.npy', npyArray([1], [1, 1]))])),
      'f has no array of ids; it has',
    ],
    ['Parquet that is cut off', Buffer.from('PAR1 and no more'), 'f is not a whole table', 'dataset'],
  ])('%s', async (_, content, message, code = 'features') => {
    const said = await refusal(content);
    expect(said).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(said.remedy).toMatch(/\.$/);
  });

  it('a column that is not there, a list and a missing one together, ids of another number', async () => {
    const text = 'id,a\n1,2\n2,3\n';
    expect((await refusal(text, { id: 'x' })).message).toBe("f has no column 'x'; it has 'id', 'a'");
    expect((await refusal(text, { columns: ['a', 'b'] })).message).toContain("no column 'b'");
    expect((await refusal(text, { column: 'a', columns: ['a'] })).message).toContain('both a column of vectors');
    const ids = join(await temporaryDirectory(), 'ids.txt');
    await writeFile(ids, '1\n2\n3\n');
    expect((await refusal(text, { ids })).message).toBe('f has 2 rows, but 3 ids were given');
    await writeFile(ids, '1\n');
    expect((await refusal(text, { ids })).message).toBe('f, line 3: there is no id for this row: 1 were given');
    await writeFile(ids, '{"id": 1}\n{"id": 2}\n');
    expect((await refusal(text, { ids })).message).toBe(`${ids} is not a list of ids`);
  });

  it('a place that is taken, two streams of one name, subclips that differ, and a list that meets no item', async () => {
    const directory = await temporaryDirectory();
    const at = (name: string) => join(directory, name);
    await writeFile(at('f.csv'), 'id,a\n1,2\n2,3\n');
    await writeFile(at('g.csv'), 'id,subclip,a\n1,0,2\n1,1,3\n');
    await writeFile(at('h.csv'), 'id,subclip,a\n1,0,2\n1,1,3\n1,2,3\n');
    await writeFile(at('other.txt'), 'x\n');
    await writeFile(at('taken.arrow'), 'notes');
    await mkdir(at('folder.arrow'));
    const out = at('items.arrow');
    const features = { code: 'features' };
    await expect(importFeatures([at('f.csv')], at('taken.arrow'))).rejects.toMatchObject(features);
    await expect(importFeatures([at('f.csv')], at('folder.arrow'))).rejects.toMatchObject(features);
    await expect(importFeatures([at('f.csv')], at('o.csv'))).rejects.toThrow(
      "must be a file whose name ends in .arrow, but is '",
    );
    await expect(importFeatures([at('none.csv')], out)).rejects.toThrow('none.csv does not exist');
    await expect(importFeatures([at('f.csv'), at('f.csv')], out)).rejects.toThrow("two streams have the name 'f'");
    await expect(importFeatures([at('g.csv'), at('h.csv')], out)).rejects.toThrow("but 'h' has 3 and 'g' 2");
    await expect(importFeatures([at('f.csv')], out, { fitOn: at('other.txt') })).rejects.toThrow('none of the items');
    await expect(importFeatures([], out)).rejects.toMatchObject({ code: 'no-inputs' });
    await expect(importFeatures([at('f.csv')], out, { year: true })).rejects.toThrow('`year`');
    await expect(importFeatures([at('f.csv')], out, { standardise: 'maximum' as 'none' })).rejects.toThrow(
      '`standardise`',
    );
    const stopped = importFeatures([at('f.csv')], out, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect((await readdir(directory)).sort()).toEqual([
      'f.csv',
      'folder.arrow',
      'g.csv',
      'h.csv',
      'other.txt',
      'taken.arrow',
    ]);
  });
});
