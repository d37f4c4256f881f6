import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedRecommender, loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { type FeatureServer, serve } from '../../../src/graphs/serve/serve.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { barriersOf, hasChromium, openPage } from '../../fixtures/chromium.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { numbersOf, writeMovieLens } from '../../fixtures/movielens.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let recommender: LoadedRecommender;
let server: FeatureServer;
let features: string;

beforeAll(async () => {
  place = await temporaryDirectory();
  const ratings = await writeMovieLens(join(place.path, 'movielens'), { users: 12, movies: 20 });
  await trainRecommender({ recommender: 'item-knn', ratings, out: join(place.path, 'recommender') });
  recommender = await loadRecommender(join(place.path, 'recommender'));
  features = join(place.path, 'items.arrow');
  const next = numbersOf(5);
  const shape = { subclips: 2, streams: [{ name: 'visual', dimension: 4 }] };
  const writer = await ItemStoreWriter.create(features, shape, {});
  for (let item = 1; item <= 20; item++) {
    await writer.add({ itemId: String(item), vectors: { visual: Float32Array.from({ length: 8 }, next) } });
  }
  await writer.close();
  server = await serve({ features, recommender });
});
afterAll(async () => {
  await server.close();
  await recommender.close();
  await place.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** A request as it is written, its path and headers not made sense of first. */
function ask(
  path: string,
  options: { headers?: Record<string, string>; method?: string; body?: string; to?: FeatureServer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL((options.to ?? server).url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, path, method: options.method ?? 'GET', headers: options.headers, setHost: true, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    asked.on('error', reject);
    asked.end(options.body);
  });
}

const codeOf = ({ status, text }: Answer) => [status, JSON.parse(text).code];

describe('a server of features and a recommender', () => {
  it('answers search, recommend, explain and similar as the functions do', async () => {
    const found = JSON.parse((await ask('/api/search?item=3&subclip=1&k=4')).text);
    expect(found).toMatchObject({ stream: 'visual', compared: 38 });
    expect(found.found).toHaveLength(4);
    expect(JSON.stringify(found)).not.toContain(place.path);
    const best = JSON.parse((await ask('/api/recommend?user=1&k=3')).text);
    expect(best).toMatchObject({ user: '1', recommender: 'item-knn' });
    expect(best.items.length).toBeGreaterThan(0);
    expect(best.items[0]).not.toHaveProperty('nearest');
    const why = JSON.parse((await ask('/api/explain?user=1&k=3')).text);
    expect(why.items.map(({ itemId }: { itemId: string }) => itemId)).toEqual(
      best.items.map(({ itemId }: { itemId: string }) => itemId),
    );
    expect(why.items[0].reasons.ratings.length).toBeGreaterThan(0);
    expect(JSON.parse((await ask('/api/similar?item=3&k=2')).text).items).toHaveLength(2);
  });

  it('shows the first fifty subclips of an item that has more, and says so', async () => {
    const path = join(place.path, 'long.arrow');
    const shape = { subclips: 60, streams: [{ name: 'visual', dimension: 2 }] };
    const writer = await ItemStoreWriter.create(path, shape, {});
    const next = numbersOf(7);
    for (const itemId of ['long', 'other']) {
      await writer.add({ itemId, vectors: { visual: Float32Array.from({ length: 120 }, next) } });
    }
    await writer.close();
    const long = await serve({ features: path });
    try {
      const { text } = await ask('/item?id=long', { to: long });
      expect(text).toContain('The first 50 of 60 subclips.');
      expect(text.match(/<th scope="row">\d+<\/th>/g)).toHaveLength(50);
    } finally {
      await long.close();
    }
    expect((await ask('/item?id=3')).text).not.toContain('The first');
  });

  it('recommends to somebody new, whose ratings come in the body', async () => {
    const body = JSON.stringify({ ratings: { 1: 5, 2: 1 } });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await ask('/api/recommend?k=2', { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ rated: 2 });
  });

  it('says what is wrong with a request', async () => {
    expect(codeOf(await ask('/api/search?item=99'))).toEqual([404, 'unknown-item']);
    expect(codeOf(await ask('/api/recommend?user=nobody'))).toEqual([404, 'unknown-user']);
    expect((await ask('/api/search?item=3&k=100000')).status).toBe(400);
    expect((await ask('/api/search?item=3&k=-1')).status).toBe(400);
    expect((await ask('/api/search?item=3&path=/etc')).status).toBe(400);
    expect(codeOf(await ask('/nothing'))).toEqual([404, 'not-found']);
  });

  it('says which parameter is missing, and refuses what it would not look at', async () => {
    const saysOf = async (path: string, options?: Parameters<typeof ask>[1]) => {
      const { status, text } = await ask(path, options);
      return [status, JSON.parse(text).message];
    };
    for (const name of ['search', 'similar', 'audience', 'explain-item']) {
      expect(await saysOf(`/api/${name}?item=`)).toEqual([400, `${name} needs \`item\``]);
    }
    expect(await saysOf('/api/explain')).toEqual([400, 'explain needs `user`']);
    expect(await saysOf('/api/similar?item=3&by=taste')).toEqual([
      400,
      expect.stringContaining("'content', 'factors'"),
    ]);
    for (const threshold of ['many', '', '1e999']) {
      expect(await saysOf(`/api/audience?item=3&threshold=${threshold}`)).toEqual([
        ...[400, expect.stringContaining('`threshold` must be a number')],
      ]);
    }
    const body = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"ratings":{"1":5}}' };
    expect(await saysOf('/api/search?item=3', body)).toEqual([400, 'search takes no body']);
  });

  it('lets nothing run or be loaded by what it sends', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('script-src');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });
});

describe('hostile requests', () => {
  it('of a page whose name was rebound to this machine are refused', async () => {
    const { port } = new URL(server.url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      `127.0.0.1.evil.example:${port}`,
    ]) {
      expect((await ask('/api/search?item=3', { headers: { Host: host } })).status, host).toBeGreaterThanOrEqual(400);
    }
    expect((await ask('/api/search?item=3', { headers: { Host: `localhost:${port}` } })).status).toBe(200);
  });

  it('of pages of other sites are refused', async () => {
    for (const origin of ['https://evil.example', 'null', `${server.url}.evil.example`]) {
      const answer = await ask('/api/search?item=3', { headers: { Origin: origin } });
      expect(codeOf(answer), origin).toEqual([403, 'wrong-origin']);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect((await ask('/', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status).toBe(403);
    expect((await ask('/', { headers: { Origin: server.url } })).status).toBe(200);
  });

  it('for paths outside lead nowhere', async () => {
    const paths = [
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '//etc/passwd',
      '/api/../items.arrow',
      '/items.arrow',
    ];
    for (const path of [...paths, '/api/search/%00', '//[']) {
      const { status, text } = await ask(path);
      expect([404, 414], path).toContain(status);
      expect(text, path).not.toContain('root:');
    }
    expect((await ask('/api/search?item=../../etc/passwd')).status).toBe(404);
  });

  it('with long addresses, long bodies, bodies that are no JSON, and other methods are refused', async () => {
    const json = { 'Content-Type': 'application/json' };
    const post = (body: string, headers: Record<string, string> = json) =>
      ask('/api/recommend', { method: 'POST', headers, body });
    expect((await ask(`/api/search?item=${'x'.repeat(3000)}`)).status).toBe(414);
    expect(codeOf(await post(`{"ratings":{"1":${'0'.repeat(70_000)}}}`))).toEqual([413, 'long-body']);
    for (const body of ['{', '[]', 'null', '{"ratings":{}}', '{"ratings":{"1":"5"}}']) {
      expect(codeOf(await post(body)), body).toEqual([400, 'bad-body']);
    }
    expect((await post('{"ratings":{"1":5}}', { 'Content-Type': 'text/plain' })).status).toBe(400);
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE']) expect((await ask('/', { method })).status).toBe(405);
  });

  it('that are too many at a time are told to come again, and those after are answered', async () => {
    const small = await serve({ recommender, concurrency: 1 });
    try {
      const { hostname, port } = new URL(small.url);
      const slow = connect(Number(port), hostname);
      slow.write(
        `POST /api/recommend HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{`,
      );
      let refused = await ask('/', { to: small });
      while (refused.status === 200) refused = await ask('/', { to: small });
      expect(codeOf(refused)).toEqual([503, 'busy']);
      expect(refused.headers['retry-after']).toBe('1');
      slow.destroy();
      let answered = await ask('/', { to: small });
      while (answered.status === 503) answered = await ask('/', { to: small });
      expect(answered.status).toBe(200);
    } finally {
      await small.close();
    }
  });

  it('need the token where the server is bound to more than this machine', async () => {
    const open = await serve({ features, host: '0.0.0.0' });
    try {
      const { port } = new URL(open.url);
      const to = { ...open, url: `http://127.0.0.1:${port}` };
      expect(open.token?.length).toBeGreaterThanOrEqual(32);
      expect(codeOf(await ask('/', { to }))).toEqual([401, 'no-token']);
      expect(codeOf(await ask('/', { to, headers: { Authorization: 'Bearer x' } }))).toEqual([401, 'no-token']);
      const shown = { Authorization: `Bearer ${open.token}` };
      expect((await ask('/', { to, headers: shown })).status).toBe(200);
      expect(codeOf(await ask('/', { to, headers: { ...shown, Host: `evil.example:${port}` } }))).toEqual([
        ...[421, 'wrong-host'],
      ]);
    } finally {
      await open.close();
    }
  });

  it('cannot be let in by a token that can be guessed, and nothing is served of nothing', async () => {
    await expect(serve({ features, token: 'short' })).rejects.toMatchObject({ option: 'token' });
    const list = Array.from({ length: 16 }, () => 'x') as unknown as string;
    await expect(serve({ features, token: list })).rejects.toMatchObject({ option: 'token' });
    await expect(serve({})).rejects.toThrow('nothing to serve');
  });
});

it('a port that is none is refused before anything is opened', async () => {
  for (const port of [-1, 65_536, 0.5]) {
    await expect(serve({ features: '/nowhere', port })).rejects.toMatchObject({ option: 'port' });
  }
});

describe.skipIf(!hasChromium)('the page of a server in Chromium (skipped where it is not installed)', () => {
  it('can be read by everybody, and reports no error', async () => {
    const { page, faults, close } = await openPage(server.url);
    try {
      expect(await page.locator('h1').textContent()).toBe('reelflow: what is served');
      expect(await barriersOf(page).catch((error: Error) => error.message)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });
});
