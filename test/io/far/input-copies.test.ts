import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { farAddress, pathOfAddress } from '../../../src/io/far/far-address.ts';
import { FarContent } from '../../../src/io/far/far-content.ts';
import { InputCopies, type InputCopy } from '../../../src/io/far/input-copies.ts';
import { itemId } from '../../../src/io/media/item-id.ts';
import { probe } from '../../../src/io/media/probe.ts';
import { video } from '../../../src/io/media/video.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { type Behaviour, type FileServer, serveFiles, wholeFile } from '../../fixtures/file-server.ts';
import { ObjectServer } from '../../fixtures/object-server.ts';
import { until } from '../../fixtures/until.ts';

const looks: (() => void)[] = [];
vi.mock('../../../src/io/media/probe.ts', async (original) => {
  const real = await original<typeof import('../../../src/io/media/probe.ts')>();
  const watched = vi.fn<typeof probe>((...given) => {
    for (const look of looks) look();
    return real.probe(...given);
  });
  return { ...real, probe: watched };
});

let directory: string;
let server: FileServer;
const never = () => new AbortController().signal;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-copies-'));
  mkdirSync(join(directory, 'tmp'));
  vi.stubEnv('TMPDIR', join(directory, 'tmp'));
});
afterEach(async () => {
  await server?.close();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const serve = async (behaviours: Readonly<Record<string, Behaviour>>) => {
  server = await serveFiles(behaviours);
  return (name: string) => farAddress(`${server.url}/${name}`);
};

/** Bytes of all copies that are on the disk. */
function onDisk(): number {
  const files = readdirSync(join(directory, 'tmp'), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}

describe('copies of inputs', () => {
  it('stay within their room, whoever asks and however many at once', async () => {
    const files = Array.from({ length: 12 }, (_, index) => randomBytes(20_000 + 3000 * index));
    const at = await serve(Object.fromEntries(files.map((bytes, index) => [`/${index}.mp4`, wholeFile(bytes)])));
    const room = 120_000;
    const copies = new InputCopies({ room });
    let most = 0;
    let held = 0;
    await Promise.all(
      files.map(async (bytes, index) => {
        const copy = await copies.take(at(`${index}.mp4`), never());
        held += copy.bytes;
        most = Math.max(most, onDisk(), copies.bytes);
        expect(held).toBeLessThanOrEqual(room);
        expect(readFileSync(copy.path).equals(bytes)).toBe(true);
        expect(copy.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
        held -= copy.bytes;
        await copies.give(copy, index % 2 === 0);
      }),
    );
    expect(most).toBeGreaterThan(60_000);
    expect(most).toBeLessThanOrEqual(room);
    await copies.close();
    expect(onDisk()).toBe(0);
  });

  it('have a folder again once the directory for temporary files can be read', async () => {
    const bytes = randomBytes(1000);
    const at = await serve({ '/film.mp4': wholeFile(bytes) });
    const copies = new InputCopies({ room: 5000 });
    expect(copies.room.bytes).toBe(5000);
    vi.stubEnv('TMPDIR', join(directory, 'later'));
    await expect(copies.take(at('film.mp4'), never())).rejects.toThrow('no such file or directory');
    mkdirSync(join(directory, 'later'));
    const copy = await copies.take(at('film.mp4'), never());
    expect(readFileSync(copy.path).equals(bytes)).toBe(true);
    await copies.close();
    expect(readdirSync(join(directory, 'later'))).toEqual([]);
  });

  it('list a store that could not be opened the first time', async () => {
    vi.resetModules();
    let tries = 0;
    vi.doMock('../../../src/io/objects/s3-store.ts', () => ({
      openS3Store: async () => {
        if (++tries === 1) throw new Error('not now');
        return {
          list: async function* () {
            yield { name: 'heat.mp4', size: 5, modified: 0, etag: 'x' };
          },
          close: () => {},
        };
      },
    }));
    const { InputCopies: Fresh } = await import('../../../src/io/far/input-copies.ts');
    vi.doUnmock('../../../src/io/objects/s3-store.ts');
    const copies = new Fresh();
    const listed = async () => {
      const names: string[] = [];
      for await (const { address } of copies.list('s3://films/')) names.push(address);
      return names;
    };
    await expect(listed()).rejects.toThrow('not now');
    expect(await listed()).toEqual(['s3://films/heat.mp4']);
    expect(await listed()).toEqual(['s3://films/heat.mp4']);
    expect(tries).toBe(2);
    await copies.close();
  });

  it('that are kept are taken again while the server says that they are the same', async () => {
    const [first, second] = [randomBytes(1000), randomBytes(1000)];
    let isChanged = false;
    const at = await serve({
      '/film.mp4': (request, response, send, nth) =>
        wholeFile(isChanged ? second : first, { etag: () => (isChanged ? '"2"' : '"1"') })(
          request,
          response,
          send,
          nth,
        ),
    });
    const copies = new InputCopies();
    const hashes: string[] = [];
    const look = async () => {
      const copy = await copies.take(at('film.mp4'), never());
      hashes.push(copy.sha256);
      await copies.give(copy, true);
    };
    await look();
    await look();
    expect(server.requests.filter(({ range }) => range === undefined).length).toBe(1);
    isChanged = true;
    await look();
    expect(hashes).toEqual([first, first, second].map((bytes) => createHash('sha256').update(bytes).digest('hex')));
    await copies.close();
  });

  it('of a server that sends a trickle, or nothing, or what it does not have, are given up', async () => {
    const at = await serve({
      '/trickle.mp4': (_, response, send) => {
        response.writeHead(200, { 'content-length': 1_000_000 });
        const more = setInterval(() => send(Buffer.alloc(1)), 5);
        response.on('close', () => clearInterval(more));
      },
      '/short.mp4': (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(Buffer.alloc(10), () => response.destroy());
      },
      '/hours.mp4': (_, response) => response.writeHead(429, { 'retry-after': '7200' }).end(),
    });
    const copies = new InputCopies({ timeoutSeconds: 0.1, retrySeconds: 0.01 });
    for (const name of ['trickle', 'short', 'hours']) {
      await expect(copies.take(at(`${name}.mp4`), never())).rejects.toMatchObject({
        name: 'MediaError',
        code: 'unreachable',
      });
    }
    expect([onDisk(), copies.bytes]).toEqual([0, 0]);
    await copies.close();
  });

  it('that were given back are taken again only while they are there, whatever came in their place', async () => {
    const film = randomBytes(100);
    const at = await serve({
      '/film.mp4': wholeFile(film),
      '/large.mp4': wholeFile(randomBytes(650)),
      '/next.mp4': wholeFile(randomBytes(400)),
    });
    const copies = new InputCopies({ room: 1000 });
    const take = (name: string, just?: InputCopy) => copies.take(at(`${name}.mp4`), never(), just);
    const [one, other] = await Promise.all([take('film'), take('film')]);
    const large = await take('large');
    await copies.give(one, true);
    // There is no room for it, and none for what comes after it.
    const next = take('next');
    await until(() => server.requests.filter(({ path }) => path === '/next.mp4').length > 0);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const again = take('film', one);
    await copies.give(other, true);
    await copies.give(large, false);
    const copy = await again;
    expect(readFileSync(copy.path).equals(film)).toBe(true);
    await next;
    await copies.close();
  });

  it('that are given back twice stay with whoever else has them', async () => {
    const at = await serve({ '/film.mp4': wholeFile(randomBytes(100)) });
    const far = new FarContent(at('film.mp4'), new InputCopies());
    const [first, second] = [await far.hold(), await far.hold()];
    await first.release(false);
    await first.release(false);
    expect(existsSync(second.copy.path)).toBe(true);
    await second.release(false);
    expect(existsSync(second.copy.path)).toBe(false);
  });

  it('that somebody waits for no more leave nothing, and let others go on', async () => {
    const bytes = randomBytes(50_000);
    const at = await serve({
      '/slow.mp4': wholeFile(bytes, { cutAfter: (nth) => (nth === 2 ? 1000 : undefined) }),
      '/film.mp4': wholeFile(bytes),
    });
    const copies = new InputCopies({ room: 60_000 });
    const stop = new AbortController();
    const waiting: Promise<InputCopy>[] = [copies.take(at('slow.mp4'), stop.signal)];
    while (onDisk() < 1000) await new Promise((done) => setTimeout(done, 5));
    waiting.push(copies.take(at('film.mp4'), never()));
    stop.abort();
    await expect(waiting[0]).rejects.toMatchObject({ code: 'aborted' });
    expect((await waiting[1])?.bytes).toBe(50_000);
    await copies.close();
  });
});

describe('copies of objects', () => {
  const objects = new ObjectServer();
  const film = farAddress('s3://films/film.mp4');
  const put = (bytes: Buffer) =>
    objects.objects.set('film.mp4', {
      ...{ bytes, etag: `"${createHash('md5').update(bytes).digest('hex')}"`, modified: new Date(), metadata: {} },
    });
  beforeEach(async () => {
    for (const [name, value] of Object.entries(await objects.start())) vi.stubEnv(name, value);
    objects.fault = () => undefined;
  });
  afterEach(() => objects.stop());

  it('are asked for no longer once nobody waits, or their store is silent', async () => {
    objects.fault = () => 'silent';
    const stop = new AbortController();
    const copies = new InputCopies({ timeoutSeconds: 0.02 });
    const patient = new InputCopies();
    const taken = patient.take(film, stop.signal);
    await until(() => objects.requests.length > 0);
    stop.abort();
    await expect(taken).rejects.toMatchObject({ code: 'aborted' });
    await expect(copies.take(film, never())).rejects.toMatchObject({ name: 'MediaError', code: 'unreachable' });
    await Promise.all([copies.close(), patient.close()]);
  });

  it('are made of one whose length the store tells only with it', async () => {
    const bytes = randomBytes(1000);
    put(bytes);
    objects.statesLengthsAlone = false;
    const copies = new InputCopies({ room: 5000 });
    const copy = await copies.take(film, never());
    expect(readFileSync(copy.path).equals(bytes)).toBe(true);
    objects.statesLengthsAlone = true;
    await copies.close();
  });

  it('are made again of one that grew while it was fetched, but not of one that keeps growing', async () => {
    const grown = randomBytes(200);
    put(randomBytes(100));
    const copies = new InputCopies({ room: 5000 });
    objects.fault = ({ method }) => void (method === 'GET' && put(grown));
    const copy = await copies.take(film, never());
    expect(readFileSync(copy.path).equals(grown)).toBe(true);
    await copies.give(copy, false);
    let size = 200;
    objects.fault = ({ method }) => {
      size += 1;
      if (method === 'GET') put(randomBytes(size));
      return undefined;
    };
    await expect(copies.take(film, never())).rejects.toMatchObject({
      ...{ name: 'MediaError', code: 'unreadable', message: expect.stringContaining('kept changing') },
    });
    expect(copies.bytes).toBe(0);
    await copies.close();
  });
});

describe('a video that is far away', () => {
  it('is looked at once, whoever asks while it is looked at', async () => {
    const clip = await makeClip(join(directory, 'clip.mp4'), { seconds: 1, sound: false });
    await serve({ '/clip.mp4': wholeFile(readFileSync(clip)) });
    const far = video(`${server.url}/clip.mp4`);
    vi.mocked(probe).mockClear();
    const others: Promise<unknown>[] = [];
    looks.push(() => void others.push(far.probe()));
    await far.probe();
    looks.length = 0;
    await Promise.all(others);
    expect(vi.mocked(probe)).toHaveBeenCalledTimes(1);
    await InputCopies.ofProcess.close();
  });

  it('is looked at and decoded as a file is, fetched once, and leaves nothing behind a `break`', async () => {
    const clip = await makeClip(join(directory, 'clip.mp4'), { seconds: 1, sound: false });
    await serve({ '/clip.mp4': wholeFile(readFileSync(clip)) });
    const far = video(`${server.url}/clip.mp4?token=1`);
    expect([far.id, far.path]).toEqual(['clip', `${server.url}/clip.mp4?***`]);
    expect(await far.probe()).toEqual(await video(clip).probe());
    const seen: number[] = [];
    for await (const frame of far.frames({ width: 32, height: 32 })) {
      seen.push(frame.time);
      if (seen.length === 3) break;
    }
    expect(seen.length).toBe(3);
    expect(server.requests.filter(({ range }) => range === undefined).length).toBe(1);
    await InputCopies.ofProcess.close();
    expect(onDisk()).toBe(0);
  });

  it.each([
    ['https://films.example.org/1995/My%20Heat.mp4?x=a/b.c#t=1', 'My Heat', '1995', '1995/My Heat'],
    ['https://films.example.org/50%.mp4', '50%', '', '50%'],
    ['s3://films/1995/heat.1.mp4', 'heat.1', '1995', '1995/heat.1'],
  ])('%s has an id by the path of its address', (address, stem, parent, path) => {
    expect(itemId(address, 'stem', undefined)).toBe(stem);
    expect(itemId(address, 'path', undefined)).toBe(path);
    if (parent !== '') expect(itemId(address, 'parent', undefined)).toBe(parent);
    expect(itemId('s3://films/a/b/heat.mp4', 'path', 's3://films/a')).toBe('b/heat');
    expect(pathOfAddress(address)).not.toContain('?');
  });

  it('is known by its address without a signature of S3 or Google, and with every other query', () => {
    const known = (text: string) => farAddress(text).identity;
    const film = 'https://films.example.org/heat.mp4';
    expect(known(`${film}?X-Amz-Signature=1&X-Amz-Date=2`)).toBe(known(film));
    expect(known(`${film}?id=1`)).not.toBe(known(`${film}?id=2`));
  });
});
