import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { barriersOf, cutOffIn, hasChromium, type OpenPage, openPage } from '../fixtures/chromium.ts';
import { startCli } from '../fixtures/run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-analyze-'));
const at = (name: string) => join(directory, name);
const HOSTILE = '</script><img src=x onerror="window.broken=1"> (1999)';

/** Forty items of three subclips each; those of even numbers are comedies and lie apart. */
async function writeStore(): Promise<void> {
  const shape = { subclips: 3, streams: [{ name: 'visual', dimension: 6 }] };
  const writer = await ItemStoreWriter.create(at('items.arrow'), shape, {});
  let state = 3;
  const draw = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const movies = ['movieId,title,genres'];
  for (let item = 1; item <= 40; item++) {
    const comedy = item % 2 === 0;
    movies.push(
      `${item},"${item === 1 ? HOSTILE.replaceAll('"', '""') : `Movie ${item} (2001)`}",${comedy ? 'Comedy' : 'Drama'}`,
    );
    const visual = Float32Array.from({ length: 18 }, (_, place) => draw() + (comedy && place % 6 === 0 ? 2 : 0));
    await writer.add({ itemId: String(item), vectors: { visual } });
  }
  await writer.close();
  writeFileSync(at('movies.csv'), `${movies.join('\n')}\n`);
}

beforeAll(writeStore);
afterAll(() => rmSync(directory, { recursive: true }));

describe('analyze', () => {
  it('tells what features know of genres, in text, JSON and on a page', async () => {
    const args = ['analyze', at('items.arrow'), '--movies', at('movies.csv'), '--out', at('report.html')];
    const { code, stdout, stderr } = await callReelflow([...args, '--json']);
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    const [visual] = JSON.parse(stdout).streams;
    expect(visual).toMatchObject({ stream: 'visual', rows: 120, items: 40, dimension: 6, random: false });
    expect(visual.genrePrediction.macroAuc).toBeGreaterThan(0.95);
    expect(visual.genrePrediction.shuffled.mean).toBeLessThan(0.65);
    expect(visual.genres.names).toEqual(['Comedy', 'Drama']);
    expect(visual.subclips.names).toEqual(['0', '1', '2']);
    expect(visual.spectrum.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(existsSync(at('report.html'))).toBe(true);
  });

  it('ends within moments of an interrupt, while points are laid out, with 130 and nothing written', async () => {
    const place = at('stopped');
    mkdirSync(place);
    const writer = await ItemStoreWriter.create(
      at('large.arrow'),
      { subclips: 50, streams: [{ name: 'visual', dimension: 4 }] },
      {},
    );
    for (let item = 0; item < 400; item++) {
      const visual = Float32Array.from({ length: 200 }, (_, place) => Math.sin(item * 200 + place) * (1 + (item % 7)));
      await writer.add({ itemId: String(item), vectors: { visual } });
    }
    await writer.close();
    const running = startCli([
      ...['analyze', at('large.arrow'), '--out', join(place, 'page.html'), '--points', join(place, 'points')],
      ...['--progress', 'ndjson'],
    ]);
    await running.until(() => /"step":"layout"/.test(running.stderr() + running.stdout()));
    running.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('interrupted');
    expect(readdirSync(place)).toEqual([]);
  });

  it('shows ratings of one movie, one year and one value without an empty figure', async () => {
    const ratings = at('one');
    mkdirSync(ratings);
    writeFileSync(join(ratings, 'movies.csv'), 'movieId,title,genres\n1,Alien,(no genres listed)\n');
    writeFileSync(join(ratings, 'ratings.csv'), 'userId,movieId,rating,timestamp\n1,1,4,1\n2,1,4,1\n');
    const { code, stderr } = await callReelflow(['analyze', '--ratings', ratings, '--out', at('one.html')]);
    expect(code, stderr).toBe(0);
    const page = readFileSync(at('one.html'), 'utf8');
    expect(page).not.toMatch(/NaN|\.0000|undefined/);
    expect(page).toContain('No movie has a year in its title.');
    expect(page).toContain('No movie has a genre.');
  });

  it('is made once, says what is new, and stays quiet while nothing has changed', async () => {
    const night = async (out: string, ...more: string[]) => {
      const { code, stdout, stderr } = await callReelflow(['analyze', at('nights.arrow'), '--out', at(out), ...more]);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    const write = async (items: number) => {
      const shape = { subclips: 1, streams: [{ name: 'visual', dimension: 2 }] };
      const writer = await ItemStoreWriter.create(at('nights.arrow'), shape, {});
      for (let item = 0; item < items; item++) {
        await writer.add({ itemId: String(item), vectors: { visual: Float32Array.of(item % 3, item) } });
      }
      await writer.close();
    };
    await write(8);
    expect(await night('nights.html')).not.toContain('since');
    const page = readFileSync(at('nights.html'), 'utf8');
    expect(await night('nights.html')).toBe(`nothing has changed: ${at('nights.html')} shows it\n`);
    expect(await night('nights.html', '--quiet')).toBe('');
    expect(JSON.parse(await night('nights.html', '--json'))).toMatchObject({ alreadyAnalysed: true });
    expect(readFileSync(at('nights.html'), 'utf8')).toBe(page);
    await write(11);
    expect(await night('nights.html', '--quiet')).toContain('since the last time: +3 items\n');
    expect(await night('nights.html', '--seed', '2')).toContain('since the last time: other options');
    expect(await night('nights.html', '--seed', '2', '--points', at('night-points'))).toContain('points are missing');
    expect(existsSync(at('night-points'))).toBe(true);
    writeFileSync(at('nights.html'), '<html></html>');
    expect(await night('nights.html')).not.toContain('since');
  });

  it('writes the layout as Parquet with a row for each subclip, and each figure as SVG', async () => {
    const args = ['analyze', at('items.arrow'), '--movies', at('movies.csv'), '--out', at('also.html')];
    const { code, stderr } = await callReelflow([...args, '--points', at('points'), '--figures', at('figures')]);
    expect(code, stderr).toBe(0);
    const connection = await (await DuckDBInstance.create()).connect();
    const rows = await connection.runAndReadAll(
      `select * from '${at('points/visual.parquet')}' where item in ('1', '12')`,
    );
    expect(rows.columnNames()).toEqual(['x', 'y', 'item', 'title', 'subclip', 'genre', 'genres', 'text']);
    const objects = rows.getRowObjectsJS();
    expect(objects.map(({ item, subclip, genre, text }) => [item, subclip, genre, text])).toEqual([
      ...[0, 1, 2].map((subclip) => ['1', subclip, 'Drama', `${HOSTILE}, subclip ${subclip}: Drama`]),
      ...[0, 1, 2].map((subclip) => ['12', subclip, 'Comedy', `Movie 12 (2001), subclip ${subclip}: Comedy`]),
    ]);
    for (const { x, y } of objects) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
    const names = readdirSync(at('figures')).sort();
    expect(names).toContain('density-of-all-visual-rows-in-the-plane.svg');
    expect(names).toContain('density-of-genre-comedy-60-rows.svg');
    const page = readFileSync(at('also.html'), 'utf8');
    expect(names.length).toBe(page.match(/<svg/g)?.length);
    for (const name of names) {
      const svg = readFileSync(at(`figures/${name}`), 'utf8');
      expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
      expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
    }
  });

  it('shows ratings alone, and makes the directory of the page', async () => {
    writeFileSync(at('ratings.csv'), 'userId,movieId,rating,timestamp\n1,1,4,0\n1,2,3,0\n2,1,5,0\n');
    const { code, stdout, stderr } = await callReelflow([
      'analyze',
      '--ratings',
      directory,
      '--out',
      at('new/ratings.html'),
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('3 ratings of 2 movies by 2 users');
    expect(existsSync(at('new/ratings.html'))).toBe(true);
  });

  it('says RANDOM where a training store tells that a network with random weights made a stream', async () => {
    const models = JSON.stringify([
      { stream: 'visual', name: 'alexnet', random: true },
      { stream: 'audio', random: true },
    ]);
    const shape = { subclips: 1, streams: [{ name: 'visual', dimension: 2 }] };
    const writer = await ItemStoreWriter.create(at('random.arrow'), shape, { models });
    for (let item = 0; item < 8; item++) {
      await writer.add({ itemId: String(item), vectors: { visual: Float32Array.of(item, item % 3) } });
    }
    await writer.close();
    const { code, stdout, stderr } = await callReelflow(['analyze', at('random.arrow'), '--out', at('random.html')]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('visual: 8 rows of 8 items, RANDOM weights');
    const page = readFileSync(at('random.html'), 'utf8');
    expect(page).toContain('<title>What is in random.arrow (RANDOM weights)</title>');
    expect(page).toContain('visual: made by networks with random weights');
  });

  it('says when no item is in the list of movies', async () => {
    writeFileSync(at('others.csv'), 'movieId,title,genres\n900,Other (2000),Drama\n');
    const args = ['analyze', at('items.arrow'), '--movies', at('others.csv'), '--out', at('others.html')];
    const { code, stdout, stderr } = await callReelflow(args);
    expect(code).toBe(0);
    expect(stderr).toContain('0 of 40 items are in the list of movies; if their ids are those of trailers');
    expect(stdout).not.toContain('NaN');
  });

  it('refuses to analyse nothing', async () => {
    const { code, stderr } = await callReelflow(['analyze', '--out', at('nothing.html')]);
    expect(code).toBe(2);
    expect(stderr).toContain('there is nothing to analyse');
  });
});

describe.skipIf(!hasChromium)('the page in Chromium (skipped where it is not installed)', () => {
  let open: OpenPage;
  let page: Page;

  beforeAll(async () => {
    open = await openPage(pathToFileURL(at('report.html')).href);
    ({ page } = open);
    await page.waitForSelector('.explorer[data-ready=true]');
  });
  afterAll(() => open.close());

  it('answers to filter, search, pointer and keys', async () => {
    const caption = page.locator('.explorer caption');
    await expect.poll(() => caption.textContent()).toContain('120 of 120 points');
    await page.selectOption('[name=genre]', 'Comedy');
    await expect.poll(() => caption.textContent()).toContain('60 of 120 points');
    await page.selectOption('[name=subclip]', '2');
    await expect.poll(() => caption.textContent()).toContain('20 of 120 points');
    await page.fill('[name=search]', 'movie 12');
    await expect.poll(() => caption.textContent()).toContain('1 of 120 points');
    await page.hover('.explorer tbody tr');
    const status = page.locator('.explorer [role=status]');
    await expect.poll(() => status.textContent()).toBe('Movie 12 (2001) (12), subclip 2 (0 to 2): Comedy');
    await page.fill('[name=search]', '');
    await page.focus('.explorer canvas');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => status.textContent()).toContain('subclip 2 (0 to 2): Comedy');
  });

  it('says which colour is which subclip, or genre', async () => {
    const key = page.locator('.explorer .key li');
    expect(await key.allTextContents()).toEqual(['subclip 0', 'subclip 1', 'subclip 2']);
    await page.selectOption('[name=colour]', 'genre');
    await expect.poll(() => key.allTextContents()).toEqual(['Comedy', 'Drama']);
    const colours = await page.evaluate(
      "[...document.querySelectorAll('.explorer .key i')].map(({ style }) => style.background)",
    );
    expect(new Set(colours as string[]).size).toBe(2);
    await page.selectOption('[name=colour]', 'subclip');
  });

  it('shows a hostile title as text', async () => {
    await page.selectOption('[name=genre]', '');
    await page.selectOption('[name=subclip]', '1');
    await page.fill('[name=search]', 'onerror');
    await expect.poll(() => page.locator('.explorer tbody td').first().textContent()).toBe(HOSTILE);
    expect(await page.evaluate('window.broken')).toBeUndefined();
  });

  it('lists what a line is drawn around, until it is let go of', async () => {
    const caption = page.locator('.explorer caption');
    await page.selectOption('[name=subclip]', '');
    await page.fill('[name=search]', '');
    await expect.poll(() => caption.textContent()).toContain('120 of 120 points');
    const text = await page.locator('script[type="application/json"]').first().textContent();
    const { x, y } = JSON.parse(text ?? '') as { x: number[]; y: number[] };
    // A triangle of the lower left, below the line from the upper left to the lower right.
    const inside = x.filter((value, row) => value + (y[row] as number) < 9500).length;
    expect(inside).toBeGreaterThan(0);
    const canvas = page.locator('.explorer canvas');
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox()) as { x: number; y: number; width: number };
    const move = (right: number, up: number, steps = 1) =>
      page.mouse.move(box.x + right * box.width, box.y + (1 - up) * box.width, { steps });
    await move(0.001, 0.001);
    await page.mouse.down();
    await move(0.001, 0.949, 20);
    await move(0.949, 0.001, 20);
    await move(0.003, 0.001, 20);
    await page.mouse.up();
    await expect.poll(() => caption.textContent()).toContain(' of 120 points');
    const listed = Number(/^\d+/.exec((await caption.textContent()) ?? '')?.[0]);
    // A pixel of the line may pass a point.
    expect(Math.abs(listed - inside)).toBeLessThanOrEqual(1);
    expect(await page.locator('.explorer tbody tr').count()).toBe(listed);
    await page.getByRole('button', { name: 'Clear the selection' }).click();
    await expect.poll(() => caption.textContent()).toContain('120 of 120 points');
    await canvas.click();
    await expect.poll(() => caption.textContent()).toContain('120 of 120 points');
  });

  it('can be read by everybody', async () => {
    expect(await barriersOf(page)).toEqual([]);
    expect(await cutOffIn(page)).toEqual([]);
  });

  it('reports no error', () => {
    expect(open.faults).toEqual([]);
  });
});
