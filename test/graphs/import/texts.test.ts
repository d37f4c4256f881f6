import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importFeatures } from '../../../src/graphs/import/import-features.ts';
import type { ImportOptions } from '../../../src/graphs/import/import-options.ts';
import { explainItem } from '../../../src/graphs/recommenders/explain-item.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { keyOf, temporaryDirectory, unitTable } from '../../io/dataset/fixtures.ts';
import { contentOf, fileWith } from './helpers.ts';

const description = { graphId: 'g', name: 'extract', params: {}, models: [] };

async function textsWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const directory = join(await temporaryDirectory(), 'texts');
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

const cue = (second: number, text: string) =>
  `00:00:${String(second).padStart(2, '0')},000 --> 00:00:${String(second + 1).padStart(2, '0')},000\n${text}\n`;

describe('texts of items', () => {
  it('become a stream beside others: words by TF-IDF, divided by time or by words', async () => {
    const text = await textsWith({
      'a.srt': ['1', cue(1, 'heist heist'), '2', cue(3, 'bank')].join('\n'),
      'b.vtt': `WEBVTT\n\n${cue(0, 'bank').replaceAll(',', '.')}`,
      'c.txt': 'love heist\nlove song',
      'd.txt': 'song and dance',
      'notes.md': 'heist',
    });
    const visual = await fileWith('visual.csv', 'id,v\na,1\nb,2\nc,3\nd,4\ne,5\n');
    const out = join(text, 'items.arrow');
    const options = { text: { file: text }, textSubclips: 2, minimumItems: 2, standardise: 'none' as const };
    const summary = await importFeatures([`visual=${visual}`], out, options);
    expect(summary).toMatchObject({ items: 5, subclips: 2 });
    expect(summary.streams[1]).toMatchObject({ name: 'text', kind: 'dense', dimension: 3, items: 4 });
    const store = await ItemStore.open(out);
    const recorded = JSON.parse(store.metadata.import as string) as { streams: { words?: string[] }[] };
    await store.close();
    expect(recorded.streams[1]?.words).toEqual(['bank', 'heist', 'song']);
    const content = await contentOf(out);
    // The last cue of a.srt ends at 4 s, so its subclips are cut at 2 s.
    expect(content.a?.text).toEqual([0, 1, 0, 1, 0, 0]);
    expect(content.b?.text).toEqual([0, 0, 0, 1, 0, 0]);
    expect(content.c?.text).toEqual([0, 1, 0, 0, 0, 1]);
    expect(content.e?.text).toBeUndefined();
  });

  it('are read as UTF-16 if a mark says so, and are no texts where they are empty', async () => {
    const said = ['1', cue(1, 'heist')].join('\n');
    const text = await textsWith({
      'a.srt': Buffer.from(`\ufeff${said}`, 'utf16le'),
      'b.srt': Buffer.from(`\ufeff${said}`, 'utf16le').swap16(),
      ...{ 'c.vtt': 'WEBVTT\n', 'd.txt': ' \n', 'e.srt': '', 'f.txt': 'other words', 'g.txt': 'more words' },
    });
    const visual = await fileWith('visual.csv', 'id,v\na,1\nb,2\nc,3\nd,4\ne,5\nf,6\ng,7\n');
    const out = join(text, 'items.arrow');
    const { streams } = await importFeatures([`visual=${visual}`], out, { text: { file: text }, minimumItems: 2 });
    expect(streams[1]).toMatchObject({ name: 'text', items: 4, dimension: 2 });
    const { a, b, f } = await contentOf(out);
    expect([a?.text, b?.text, f?.text]).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
  });

  it('have no words that hardly any subclip has: recommenders would clip them away', async () => {
    const next = numbersOf(3);
    const lines = ['id,text'];
    for (let item = 0; item < 100; item++) {
      const filler = Array.from({ length: 40 }, () => `filler${Math.floor(2000 * next())}a`);
      lines.push(`${item},${['rare', ...(item % 2 ? ['often '.repeat(30)] : []), ...filler].join(' ')}`);
    }
    const plots = await fileWith('plots.csv', `${lines.join('\n')}\n`);
    const out = join(await temporaryDirectory(), 'items.arrow');
    // 'rare' is at the start of all texts, 'often' in the first subclips of half of them.
    const of = (textSubclips: number) => importFeatures([], out, { text: { file: plots }, textSubclips });
    const one = (await of(1)).streams[0]?.dimension ?? 0;
    const twenty = (await of(20)).streams[0]?.dimension ?? 0;
    expect(one).toBeGreaterThan(50);
    expect(twenty).toBe(1);
  });

  it('divide by the time of a dataset of several statistics, whose subclips are the same', async () => {
    const directory = await temporaryDirectory();
    const dataset = await Dataset.open(directory, description);
    for (const [at, itemId] of ['a', 'b'].entries()) {
      // Three subclips in 10 seconds.
      const unit = unitTable({ itemId, counts: [3], statistics: ['mean', 'medmad'], seed: at + 1 });
      await dataset.store.commit(keyOf(at), unit);
    }
    await dataset.close();
    const text = await textsWith({
      'a.srt': ['1', cue(1, 'heist'), '2', cue(4, 'bank'), '3', cue(40, 'heist')].join('\n'),
      'b.srt': ['1', cue(1, 'bank'), '2', cue(4, 'heist')].join('\n'),
      ...{ 'c.txt': 'song', 'd.txt': 'song' },
    });
    const out = join(text, 'items.arrow');
    const options = { text: { file: text }, textSubclips: 3, textClock: directory, minimumItems: 2 };
    await importFeatures([], out, options);
    // Bank, heist, song; what is said behind the end belongs to the last subclip.
    expect((await contentOf(out)).a?.text).toEqual([0, 1, 0, 1, 0, 0, 0, 1, 0]);
  });

  it('may be a column of a CSV file, and are chosen and weighted by the items of fitOn', async () => {
    const plots = await fileWith('plots.csv', 'movieId,plot\n1,"a bank, a heist"\n2,bank\n3,heist of it\n4,of it\n');
    const fitOn = await fileWith('fit.csv', 'movieId\n1\n2\n3\n');
    const out = join(await temporaryDirectory(), 'items.arrow');
    const options = { text: { file: plots }, minimumItems: 1, fitOn };
    const { streams } = await importFeatures([], out, options);
    // Of three texts, 'bank' and 'heist' are in two, more than half; 'of' and 'it' are in one.
    expect(streams[0]).toMatchObject({ name: 'text', dimension: 2, items: 4 });
    await expect(importFeatures([], out, { ...options, text: { file: plots, column: 'script' } })).rejects.toThrow(
      "has no column 'script'; it has 'movieId', 'plot'",
    );
  });

  it.each([
    [{ textSubclips: 2 }, '`textSubclips` has no effect without `text`'],
    [{ text: { file: 'nowhere' } }, 'nowhere cannot be read: no such file or directory'],
    [{ text: { file: '.', column: 'plot' } }, '`column` is for a CSV file, but . is a directory'],
    [{ text: { file: '.', colum: 'plot' } }, "`text` has no option 'colum'"],
    [{ text: { file: 5 } }, '`text.file` must be a non-empty string'],
    [{ text: { file: '.' }, textClock: 5 }, '`textClock` must be a non-empty string'],
  ])('are refused where they cannot be read: %o', async (options, words) => {
    const visual = await fileWith('visual.csv', 'id,v\na,1\nb,2\n');
    const out = join(await temporaryDirectory(), 'items.arrow');
    await expect(importFeatures([visual], out, options as ImportOptions)).rejects.toThrow(words);
  });

  it.each([
    ['linked', 'let recommenders find what users like in items that nobody has rated, and say by which words'],
    ['cut', 'let them find nothing where texts belong to other items'],
  ] as const)('if %s, %s', async (link, _does) => {
    const next = numbersOf(17);
    const [userCount, itemCount] = [40, 60];
    const filler = Array.from({ length: 30 }, (_, at) => `filler${String.fromCharCode(97 + at)}`);
    const plots: string[] = ['movieId,plot'];
    const ratings: string[] = ['userId,movieId,rating'];
    for (let item = 0; item < itemCount; item++) {
      const kind = item % 2;
      const said = link === 'linked' ? kind : next() < 0.5 ? 0 : 1;
      const words = [said === 0 ? 'heist' : 'romance', ...filler.filter(() => next() < 0.2)];
      plots.push(`${item},${words.join(' ')}`);
      for (let user = 0; item < 50 && user < userCount; user++) {
        if (next() < 0.5) ratings.push(`u${user},${item},${user % 2 === kind ? 5 : 1}`);
      }
    }
    const [plotFile, ratingFile] = [
      await fileWith('plots.csv', `${plots.join('\n')}\n`),
      await fileWith('ratings.csv', `${ratings.join('\n')}\n`),
    ];
    const directory = await temporaryDirectory();
    const features = join(directory, 'items.arrow');
    await importFeatures([], features, { text: { file: plotFile } });
    const movies = await fileWith(
      'movies.csv',
      `movieId,title,genres\n${Array.from({ length: itemCount }, (_, item) => `${item},Film ${item},`).join('\n')}\n`,
    );
    const out = join(directory, 'recommender');
    await trainRecommender({ recommender: 'content-ridge', ratings: ratingFile, movies, features, out, options: {} });
    const model = await loadRecommender(out);
    try {
      const { items } = await recommend(model, { user: 'u0', k: 5, coldOnly: true, explain: true });
      const liked = items.filter(({ itemId }) => Number(itemId) % 2 === 0).length;
      if (link === 'cut') {
        expect(liked).toBeLessThan(5);
        return;
      }
      expect(liked).toBe(5);
      expect(items[0]?.nearest?.[0]?.words).toContain('heist');
      const { words } = await explainItem(model, { item: '50', user: 'u0' });
      expect(words.map(({ word }) => word)).toContain('heist');
      expect(words.every(({ change }) => Number.isFinite(change))).toBe(true);
    } finally {
      await model.close();
    }
  });
});
