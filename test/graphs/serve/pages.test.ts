import { once } from 'node:events';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { searchFeatures } from '../../../src/graphs/analysis/search-features.ts';
import { type LoadedRecommender, loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { DatasetNow } from '../../../src/graphs/serve/dataset-now.ts';
import { FeatureIndex } from '../../../src/graphs/serve/feature-index.ts';
import { itemPage } from '../../../src/graphs/serve/item-page.ts';
import { openServed } from '../../../src/graphs/serve/open-served.ts';
import { type FeatureServer, serve } from '../../../src/graphs/serve/serve.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { datasetFilePath } from '../../../src/io/dataset/dataset-file.ts';
import { barriersOf, cutOffIn, hasChromium, openPage } from '../../fixtures/chromium.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { type PlantedScenes, SUBCLIPS, writePlantedScenes } from '../../fixtures/planted-scenes.ts';
import { keyOf } from '../../io/dataset/fixtures.ts';

const HOSTILE = '<img src=x onerror="document.title=1"> & "co" (1999)';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let planted: PlantedScenes;
let recommender: LoadedRecommender;
let server: FeatureServer;

beforeAll(async () => {
  place = await temporaryDirectory();
  planted = await writePlantedScenes(place.path);
  const movies = join(place.path, 'movies.csv');
  const lines = [...planted.hidden.keys()].map(
    (id) => `${id},${id === '7' ? `"${HOSTILE.replaceAll('"', '""')}"` : `Synthetic ${id} (1999)`},Drama`,
  );
  await writeFile(movies, `movieId,title,genres\n${lines.join('\n')}\n`);
  const out = join(place.path, 'recommender');
  const { ratings, features } = planted;
  await trainRecommender({ recommender: 'content-ridge', ratings, movies, features, out });
  recommender = await loadRecommender(out);
  const store = await CommitStore.open(features, { create: false });
  await store.record(keyOf(999), {
    ...{ item: '<b>broken</b>', code: 'corrupt', stage: 'decode', path: '/srv/films/broken.mp4' },
    ...{
      message: `'/srv/films/broken.mp4' cannot be decoded`,
      decoderLines: ['/srv/films/broken.mp4: <script>alert(1)</script>'],
    },
  });
  server = await serve({ features, recommender, mcp: true });
});
afterAll(async () => {
  await server.close();
  await recommender.close();
  await place.remove();
});

const ask = async (path: string) => {
  const response = await fetch(`${server.url}${path}`);
  return { status: response.status, text: await response.text(), headers: response.headers };
};

describe('the pages of a server', () => {
  it('tell of items a part at a time, by state and by words, and of what failed', async () => {
    const { text } = await ask('/items');
    expect(text).toContain('href="/item?id=7"');
    expect(text).toContain('Dead letters: 1');
    expect((await ask('/items?state=dead')).text).not.toContain('href="/item?id=7"');
    const some = (await ask('/items?text=synthetic%2012')).text;
    expect(some).toContain('1 to 1 of 1 items');
    expect((await ask('/items?text=nothing-like-it')).text).toContain('There is no such item');
    expect((await ask('/items?page=99999999999999999999')).status).toBe(200);
    expect((await ask('/items?page=2')).status).toBe(200);
  });

  it('tell of an item what is like it, subclip by subclip with times, and who would like it', async () => {
    const { text } = await ask('/item?id=3');
    expect(text).toContain('4.0 - 8.0');
    expect(text.match(/Like it: visual/g)?.length).toBeGreaterThan(0);
    expect(text).toContain('users who have not rated it are predicted at 4 or more');
    expect(text).toContain('those who rate, and what they chose to rate, are not everybody');
    expect(text).not.toContain('it adds');
    const explained = (await ask('/item?id=3&explain=true')).text;
    expect(explained.toLowerCase()).toContain('it adds');
  });

  it('recommend to a user, with what each item is near to', async () => {
    const [user] = planted.tastes.keys();
    const { text } = await ask(`/recommender?user=${user}`);
    expect(text).toContain(`For user ${user}`);
    expect(text).toMatch(/Synthetic \d+ \(1999\) \(\d/);
    expect((await ask('/recommender?user=nobody')).status).toBe(404);
  });

  it('show what comes from outside as text, wherever it stands', async () => {
    const dead = encodeURIComponent('<b>broken</b>');
    for (const path of [
      '/items',
      '/item?id=7',
      `/item?id=${dead}`,
      '/item?id=3',
      `/items?text=${encodeURIComponent('"><script>1</script>')}`,
    ]) {
      const { text } = await ask(path);
      expect(text, path).not.toContain('<img');
      expect(text, path).not.toContain('<b>broken');
      expect(text, path).not.toMatch(/<script/i);
    }
    expect((await ask('/item?id=7')).text).toContain('&lt;img src=x onerror=');
  });

  it('and errors never say where on this machine anything lies', async () => {
    const paths = [
      '/',
      '/items',
      '/item?id=3',
      '/recommender',
      '/item?id=nothing',
      '/api/dataset',
      '/api/search?item=nothing',
    ];
    for (const path of [...paths, '/api/search?item=3&stream=smell', '/api/explain-item?item=nothing', '/nothing']) {
      const { text } = await ask(path);
      expect(text, path).not.toContain(place.path);
      expect(text, path).not.toContain('/srv/films');
    }
    expect((await ask('/items')).text).toContain('broken.mp4');
  });

  it('have a policy that lets their own style be, and nothing else', async () => {
    const policy = (await ask('/items')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("style-src 'sha256-");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("form-action 'self'");
  });
});

describe('answers for programs', () => {
  it('tell the audience of an item, what its subclips add, and what is in the dataset', async () => {
    const json = async (path: string) => JSON.parse((await ask(path)).text);
    expect((await json('/api/audience?item=3&threshold=3.5')).audience).toMatchObject({ threshold: 3.5 });
    expect((await json('/api/explain-item?item=3')).subclips).toHaveLength(SUBCLIPS);
    expect(await json('/api/dataset')).toMatchObject({
      items: { committed: 40, dead: 1 },
      networks: ['planted-scenes', 'pca-4'],
    });
    expect((await ask('/api/audience?item=3&threshold=much')).status).toBe(400);
    const [user] = planted.tastes.keys();
    const chosen = await ask(`/api/explain-item?item=3&user=${user}&choose=21`);
    expect([chosen.status, JSON.parse(chosen.text).message]).toEqual([400, expect.stringContaining('from 1 to 20')]);
  });

  it('have the times of subclips once their dataset can be read again', async () => {
    const served = await openServed({ features: planted.features });
    const file = datasetFilePath(planted.features);
    try {
      await rename(file, `${file}.away`);
      await expect(served.timesOf('3', SUBCLIPS)).rejects.toMatchObject({ code: 'dataset' });
      await rename(`${file}.away`, file);
      expect((await served.timesOf('3', SUBCLIPS))?.[1]).toMatchObject({ start: 4, end: 8 });
    } finally {
      await served.close();
    }
  });

  it('find the nearest subclips on request only where that takes long', async () => {
    const served = await openServed({ features: planted.features });
    try {
      const page = (...more: [string, string][]) => itemPage(served, new URLSearchParams([['id', '3'], ...more]));
      expect(await page()).not.toContain('nearest=true');
      vi.spyOn(served.features as FeatureIndex, 'productsOf').mockResolvedValue(1e9);
      const [plain, asked] = [await page(), await page(['nearest', 'true'])];
      expect(plain).toContain('/item?id=3&amp;nearest=true#subclips');
      expect(plain).not.toContain('its subclip');
      expect(asked).toContain('subclip of another item');
      expect(asked).not.toContain('nearest=true');
    } finally {
      await served.close();
    }
  });

  it('know what becomes of items while they are served', async () => {
    const copy = join(place.path, 'growing');
    await cp(planted.features, copy, { recursive: true });
    const dataset = new DatasetNow(copy);
    // Whoever reads a copy first rewrites its index.
    await dataset.status();
    const before = await dataset.status();
    expect(before.items).toMatchObject({ committed: 40, dead: 1 });
    expect(await dataset.status()).toBe(before);
    expect(await dataset.item('late')).toBeUndefined();
    const store = await CommitStore.open(copy, { create: false });
    const said = { code: 'corrupt', stage: 'decode', message: 'it ends early', decoderLines: [] } as const;
    await store.record(keyOf(998), { item: 'late', path: '/films/late.mp4', ...said });
    expect((await dataset.status()).items).toMatchObject({ committed: 40, dead: 2 });
    expect(await dataset.item('late')).toMatchObject({ state: 'dead', code: 'corrupt' });
    expect((await dataset.letters()).map(({ letter }) => letter.item)).toContain('late');
  });

  it('of a search from memory are those of a search that reads everything', async () => {
    const index = await FeatureIndex.open(planted.features);
    try {
      for (const question of [
        { item: '5', k: 7 },
        { item: '9', subclip: 2, k: 11 },
      ]) {
        const read = await searchFeatures(planted.features, question);
        const held = await index.search(question);
        expect(held.compared).toBe(read.compared);
        expect(held.found).toEqual(
          read.found.map((each) => ({ ...each, similarity: expect.closeTo(each.similarity, 5) })),
        );
      }
    } finally {
      await index.close();
    }
  });
});

describe('the Model Context Protocol at /mcp', () => {
  it('has the same answers as tools, for a client of its SDK', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
    try {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'audience',
        'dataset',
        'explain',
        'explain-item',
        'recommend',
        'search',
        'similar',
      ]);
      const call = async (name: string, given: Record<string, unknown>) => {
        const { content, isError } = await client.callTool({ name, arguments: given });
        return { isError, text: (content as { text: string }[])[0]?.text ?? '' };
      };
      const found = await call('search', { item: '3', k: 2 });
      expect(JSON.parse(found.text)).toEqual(JSON.parse((await ask('/api/search?item=3&k=2')).text));
      const best = await call('recommend', { user: [...planted.tastes.keys()][0], k: 3 });
      expect(JSON.parse(best.text).items).toHaveLength(3);
      const refused = await call('search', { item: 'nothing' });
      expect(refused.isError).toBe(true);
      expect(refused.text).toContain("no item 'nothing'");
      expect((await call('search', { item: '3', path: '/etc/passwd' })).isError).toBe(true);
    } finally {
      await client.close();
    }
  });

  it('says of a fault of its own only that there was one; the cause is a warning', async () => {
    const copy = join(place.path, 'gone');
    await cp(planted.features, copy, { recursive: true });
    const broken = await serve({ features: copy, mcp: true });
    const client = new Client({ name: 'test', version: '1' });
    try {
      await rm(copy, { recursive: true });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${broken.url}/mcp`)));
      const warned = once(process, 'warning');
      const answer = await client.callTool({ name: 'search', arguments: { item: '3' } });
      expect(answer).toMatchObject({ isError: true, content: [{ type: 'text', text: 'the answer failed' }] });
      const [warning] = (await warned) as [Error];
      expect(warning.message).toContain(copy);
    } finally {
      await client.close();
      await broken.close();
    }
  });

  it('is for no page of another site, and answers only where it was asked for', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const post = (url: string, more: Record<string, string> = {}) =>
      fetch(`${url}/mcp`, { method: 'POST', body, headers: { ...headers, ...more } });
    expect((await post(server.url, { Origin: 'https://evil.example' })).status).toBe(403);
    const without = await serve({ features: planted.features });
    try {
      expect((await post(without.url)).status).toBe(404);
    } finally {
      await without.close();
    }
    const guarded = await serve({ features: planted.features, mcp: true, token: 'a-token-of-length' });
    try {
      expect((await post(guarded.url)).status).toBe(401);
      expect((await post(guarded.url, { Authorization: 'Bearer a-token-of-length' })).status).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});

describe.skipIf(!hasChromium)('the pages in Chromium (skipped where it is not installed)', () => {
  it.each(['light', 'dark'] as const)('can be read by everybody and report no error, %s', async (scheme) => {
    const { page, faults, close } = await openPage(server.url, scheme);
    try {
      const user = [...planted.tastes.keys()][0];
      for (const path of ['/', '/items', '/item?id=7', '/item?id=3&explain=true', `/recommender?user=${user}`]) {
        await page.goto(`${server.url}${path}`);
        expect(await barriersOf(page), path).toEqual([]);
        expect(await cutOffIn(page), path).toEqual([]);
        if (process.env.SHOTS !== undefined) {
          const name = path.replaceAll(/[^a-z]+/g, '-');
          await page.screenshot({ path: join(process.env.SHOTS, `${scheme}${name}.png`), fullPage: true });
        }
      }
      expect(await page.title()).not.toBe('1');
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  it('take a question by their forms', async () => {
    const { page, close } = await openPage(`${server.url}/recommender`);
    try {
      await page.getByLabel('User', { exact: true }).fill([...planted.tastes.keys()][1] as string);
      await page.getByRole('button', { name: 'Recommend' }).click();
      expect(await page.locator('#list h2').textContent()).toContain('For user');
    } finally {
      await close();
    }
  });
});
