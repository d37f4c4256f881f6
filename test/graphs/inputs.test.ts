import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listCorpus } from '../../src/graphs/inputs.ts';
import { LengthRun } from '../fixtures/length-run.ts';

const failureOf = (listed: Promise<unknown>) =>
  listed.then(
    () => undefined,
    (error: { code: string; message: string; remedy?: string }) => error,
  );

describe('inputs at an address', () => {
  it('are listed without asking for any, and refused where nothing is read from such an address', async () => {
    const inputs = ['https://films.example/1995/heat.mp4?token=1', 's3://films/alien.mkv'];
    const found = await listCorpus({ inputs, id: 'path' });
    expect(found.map(({ id, path }) => [id, path])).toEqual([
      ['1995/heat', 'https://films.example/1995/heat.mp4?***'],
      ['alien', 's3://films/alien.mkv'],
    ]);
    expect(await failureOf(listCorpus({ inputs: ['rtsp://films.example/heat'] }))).toMatchObject({
      code: 'no-inputs',
      message: "'rtsp://films.example/heat' cannot be read from",
      remedy: 'Give an address of `https://` or `s3://`, or fetch it first: `fetchCorpus`.',
    });
  });
});

describe('ids of a corpus', () => {
  it('are names without extension, paths below the input, or names of directories', async () => {
    const place = new LengthRun();
    for (const name of ['films/heat/trailer.mp4', 'films/alien/trailer.mkv']) place.write(name, name);
    const films = place.path('films');
    const ids = async (id: 'stem' | 'path' | 'parent', inputs: readonly string[]) =>
      (await listCorpus({ inputs, id })).map((video) => video.id);
    expect(await ids('path', [films])).toEqual(['alien/trailer', 'heat/trailer']);
    expect(await ids('path', [place.path('films/*/*.mp4')])).toEqual(['heat/trailer']);
    expect(await ids('path', [place.path('films/heat/trailer.mp4')])).toEqual([`${films.slice(1)}/heat/trailer`]);
    expect(await ids('parent', [films])).toEqual(['alien', 'heat']);
    expect(await ids('stem', [place.path('films/heat')])).toEqual(['trailer']);
  });

  it('that collide are all named at once, with the rule that makes them differ', async () => {
    const place = new LengthRun();
    for (const name of ['a/x.mp4', 'b/x.mp4', 'c/x.mp4', 'd/x.mp4', 'a/y.mp4', 'b/y.mkv', 'b/z.mp4']) {
      place.write(`films/${name}`, name);
    }
    const films = place.path('films');
    expect(await failureOf(listCorpus({ inputs: [films] }))).toMatchObject({
      code: 'duplicate-id',
      message: `several inputs have the same item id, for 2 ids: 'x' (${films}/a/x.mp4, ${films}/b/x.mp4, ${films}/c/x.mp4, and 1 more); 'y' (${films}/a/y.mp4, ${films}/b/y.mkv)`,
      remedy: expect.stringContaining("`id: 'path'`"),
    });
    place.write('twins/x.mp4', 'x');
    place.write('twins/x.mkv', 'x');
    const twins = await failureOf(listCorpus({ inputs: [place.path('twins')] }));
    expect(twins?.remedy).toBe(
      'Rename files, or list them with ids in a CSV file for `manifest` (columns path,item_id).',
    );
  });

  it('of a manifest are its own: an `id` beside it is refused', async () => {
    const place = new LengthRun();
    const manifest = place.write('list.csv', 'path,item_id\na.mp4,a\nb.mp4,a\n');
    expect(await failureOf(listCorpus({ manifest, id: 'stem' }))).toMatchObject({ option: 'id' });
    expect((await failureOf(listCorpus({ manifest })))?.remedy).toBe('Give each of these rows an id of its own.');
  });
});

describe('a manifest', () => {
  it('may have further columns, in any order, and names of any kind', async () => {
    const place = new LengthRun();
    const name = 'a "b", c\nd.mp4';
    place.write(name, 'x');
    const manifest = place.write(
      'list.csv',
      '\ufeffcountry, item_id ,state,path\r\nUS,"the ""b""",old,"a ""b"", c\nd.mp4"\r\n',
    );
    const [video] = await listCorpus({ manifest });
    expect(video).toMatchObject({ id: 'the "b"', path: place.path(name), source: manifest });
    expect(video?.more).toEqual({ country: 'US', manifest_state: 'old' });
  });

  it('may be typed by hand or come from a spreadsheet: spaces beside commas, empty rows, columns without a name', async () => {
    const place = new LengthRun();
    const text = 'path, item_id,,\r\n a.mp4, heat,,\r\n,,,\r\n\r\n"b.mp4"," alien",1,\r\n';
    const found = await listCorpus({ manifest: place.write('list.csv', text) });
    expect(found.map(({ path, id, more }) => [path, id, more])).toEqual([
      [place.path('a.mp4'), 'heat', undefined],
      [place.path('b.mp4'), ' alien', undefined],
    ]);
  });

  it.each([
    [
      'file,id\na.mp4,a\n',
      "must have the columns 'path' and 'item_id', but has the columns 'file' and 'id'",
      'path, item_id',
    ],
    ['path,movie\na.mp4,a\n', "but has the columns 'path' and 'movie'", 'the missing one in its first line: item_id'],
    ['path;item_id\na.mp4;a\n', "but has the column 'path;item_id'", "separated by ';'"],
    ['path\titem_id\na.mp4\ta\n', 'but has the column', "separated by '\\t'"],
    ['', 'but has no header', 'path, item_id'],
    ['path,item_id,path\na.mp4,a,b.mp4\n', "has several columns named 'path'", 'a name of its own'],
    ['path,item_id\na.mp4,\nb.mp4,b\n,c\n', 'rows 1, 3: the columns `path` and `item_id` must both have', 'remove it'],
    ['path,item_id\na.mp4,a\nb.mp4\n', 'has 1 field on line 3, but its header has 2', 'as many fields as the header'],
    ['path,item_id\na.mp4,a,x\n', 'has 3 fields on line 2, but its header has 2', 'as many fields as the header'],
    ['path,item_id\n"a.mp4,a\nb.mp4,b\n', 'a quote is opened and never closed', 'doubled'],
    ['path,item_id\na"b".mp4,a\n', 'line 2 has a quote inside a field', 'doubled'],
    ['path,item_id\n"a"b.mp4,a\n', 'on line 2 a quoted field is followed by neither a separator', 'doubled'],
    [Buffer.from('\ufeffpath,item_id\na.mp4,a\n', 'utf16le'), 'is not UTF-8 text', 'in UTF-8'],
  ])('that is not as it must be, %j, is told what it has', async (text, message, remedy) => {
    const place = new LengthRun();
    const manifest = place.path('list.csv');
    writeFileSync(manifest, text);
    const failure = await failureOf(listCorpus({ manifest }));
    expect(failure?.message).toContain(message);
    expect(failure?.remedy).toContain(remedy);
  });
});
