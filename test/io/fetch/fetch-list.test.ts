import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { badIdMessage, readFetchList } from '../../../src/io/fetch/fetch-list.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-list-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(directory, 'list.csv');
  writeFileSync(path, text);
  return path;
}

describe('a list of things to fetch', () => {
  it('brings rows that share an id together, with their movies', async () => {
    const items = await readFetchList(file('title,movieId,youtubeId\nB,10,bb\nA,2,aa\n"B, again",9,bb\n'));
    expect(items).toEqual([
      { id: 'bb', movieIds: ['9', '10'], lines: [2, 4], valid: true },
      { id: 'aa', movieIds: ['2'], lines: [3], valid: true },
    ]);
  });

  it('finds the column by its name, or by the one given', async () => {
    for (const name of ['youtube_id', 'YouTubeID', 'trailer_id', 'id']) {
      expect((await readFetchList(file(`${name}\nx\n`)))[0]).toMatchObject({ id: 'x', movieIds: [] });
    }
    const path = file('id,clip_key,movieId\n1,k-1,7\n');
    expect((await readFetchList(path, { column: 'clip_key' }))[0]).toMatchObject({ id: 'k-1', movieIds: ['7'] });
    await expect(readFetchList(path, { column: 'key' })).rejects.toThrow("does not have a column 'key'");
    await expect(readFetchList(file('a,b\n1,2\n'))).rejects.toThrow('does not have a column of ids');
    await expect(readFetchList(file('id\n'))).rejects.toMatchObject({ code: 'no-inputs' });
    await expect(readFetchList(join(directory, 'none.csv'))).rejects.toThrow('cannot be read');
  });

  it.each(['../x', 'a/b', '.', 'a b', 'é', '#NAME?', '$(x)', 'x'.repeat(65)])('takes %j for no id', async (id) => {
    const [item] = await readFetchList(file(`youtubeId,movieId\n"${id}",1\nok,2\n`));
    expect(item).toMatchObject({ id, valid: false });
  });

  it('is refused when nothing in it is an id, with the column and an example', async () => {
    const list = file('id,movieId\nhttps://example.org/watch?v=a,1\nhttps://example.org/watch?v=b,2\n');
    await expect(readFetchList(list)).rejects.toThrow(
      /has no id in its column 'id': 'https:\/\/example\.org\/watch\?v=a' is not an id.*line 2/,
    );
  });

  it.skipIf(process.platform === 'win32')('may come from a pipe', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reading = readFetchList(pipe);
    writeFileSync(pipe, 'id\nx\n');
    expect(await reading).toMatchObject([{ id: 'x' }]);
  });

  it('says where ids stand that are none, without control characters', async () => {
    const rows = Array.from({ length: 5 }, (_, index) => `a\u009b31m,${index}`).join('\n');
    const [item] = await readFetchList(file(`youtubeId,movieId\n${rows}\n,9\nok,9\n`));
    expect(item && badIdMessage(item)).toBe(
      "'a\ufffd31m' is not an id: 1 to 64 letters, digits, '_' or '-' are expected (5 rows, lines 2, 3, 4, ... of the list)",
    );
  });

  const real = '../shared/data/ml-latest-small/ml-youtube.csv';
  it.skipIf(!existsSync(real))(
    'reads the whole MovieLens trailer list (skipped where ../shared is absent)',
    async () => {
      const items = await readFetchList(real);
      expect(items).toHaveLength(25_311);
      expect(items.flatMap(({ lines }) => lines)).toHaveLength(25_623);
      const invalid = items.filter(({ valid }) => !valid);
      expect(invalid.map(({ id }) => id)).toEqual(['#NAME?', 'XEH06oFfJSY/']);
      expect(invalid.map(({ lines }) => lines.length)).toEqual([274, 1]);
      expect(items.filter(({ id }) => id.startsWith('-'))).toHaveLength(57);
    },
  );
});
