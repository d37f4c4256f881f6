import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { underLease } from '../../../src/io/objects/lease.ts';
import { openS3Store } from '../../../src/io/objects/s3-store.ts';
import { checkStore } from '../../../src/io/objects/store-check.ts';
import { ObjectServer } from '../../fixtures/object-server.ts';
import { reelflow } from '../../fixtures/run-cli.ts';
import { until } from '../../fixtures/until.ts';

const server = new ObjectServer();
let env: Record<string, string>;

beforeAll(async () => {
  env = await server.start();
});
beforeEach(() => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  server.objects.clear();
  server.fault = () => undefined;
  server.ignoresConditions = false;
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => server.stop());

describe('an object store', () => {
  it('takes one of many writes of a name, and says to each whether it was that one, also where the answer was cut off', async () => {
    const store = await openS3Store('s3://films/first');
    server.fault = ({ method }, index) => (method === 'PUT' && index % 2 === 0 ? 'cut-after' : undefined);
    const writes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => store.put('once', Buffer.from(`writer ${index}`), 'absent')),
    );
    const first = writes.findIndex((tag) => tag !== undefined);
    expect(writes.filter((tag) => tag !== undefined).length).toBe(1);
    expect(Buffer.from((await store.get('once'))?.bytes ?? []).toString()).toBe(`writer ${first}`);
    store.close();
  });

  it('lists all pages by name, reads the end of an object, and knows nothing of what is not there', async () => {
    const store = await openS3Store('s3://films/some/where');
    const names = Array.from({ length: 12 }, (_, index) => `list/${String(index).padStart(2, '0')}`);
    for (const name of names) await store.put(name, Buffer.from(`the bytes of ${name}`));
    const listed: string[] = [];
    for await (const { name, size } of store.list('list/')) listed.push(`${name} ${size}`);
    expect(listed).toEqual(names.map((name) => `${name} 20`));
    expect(Buffer.from((await store.get('list/03', { last: 5 }))?.bytes ?? []).toString()).toBe('st/03');
    await store.delete('list/03');
    await store.delete('list/03');
    expect([await store.get('list/03'), await store.head('list/03')]).toEqual([undefined, undefined]);
    store.close();
  });

  it.each(['ignored', 'mistaken'] as const)(
    'whose ranges are %s gives the end of an object all the same',
    async (ranges) => {
      const store = await openS3Store('s3://films/ranges');
      server.ranges = ranges;
      const etag = await store.put('film', Buffer.from('0123456789'));
      expect(Buffer.from((await store.get('film', { last: 3 }))?.bytes ?? []).toString()).toBe('789');
      const rest = await store.open('film', { from: 4, etag });
      // Bytes that are not the rest are not taken for it.
      if (ranges === 'ignored') expect(rest).toBe('changed');
      else if (typeof rest === 'object') rest.body.destroy();
      server.ranges = 'kept';
      store.close();
    },
  );

  it('that does not say how long an object is has it refused instead of copied without a bound', async () => {
    const store = await openS3Store('s3://films/endless');
    const etag = await store.put('film', Buffer.from('0123456789'));
    server.statesLengths = false;
    try {
      await expect(store.open('film', { from: 0, etag: undefined })).rejects.toMatchObject({
        code: 'object-store',
        message: expect.stringContaining('how many bytes film has'),
      });
      // The range of a part says it.
      const rest = await store.open('film', { from: 4, etag });
      expect(rest).toMatchObject({ total: 10 });
      if (typeof rest === 'object') rest.body.destroy();
    } finally {
      server.statesLengths = true;
    }
    store.close();
  });

  it('gives the rest of an object only as long as it is the same', async () => {
    const store = await openS3Store('s3://films/rest');
    const etag = await store.put('film', Buffer.from('0123456789'));
    const rest = await store.open('film', { from: 4, etag });
    if (rest === undefined || rest === 'changed') throw new Error(`it is ${rest}`);
    const pieces: Uint8Array[] = [];
    for await (const piece of rest.body) pieces.push(piece as Uint8Array);
    expect([Buffer.concat(pieces).toString(), rest.total, rest.etag]).toEqual(['456789', 10, etag]);
    await store.put('film', Buffer.from('0123'));
    expect(await store.open('film', { from: 4, etag })).toBe('changed');
    expect(await store.open('none', { from: 0, etag: undefined })).toBeUndefined();
    store.close();
  });

  it('tells what failed, where and what to do, and does not try what no try changes', async () => {
    const store = await openS3Store('s3://films/closed');
    server.fault = () => 503;
    const before = server.requests.length;
    await expect(store.get('x')).rejects.toMatchObject({
      name: 'SystemError',
      code: 'object-store',
      remedy: expect.any(String),
    });
    expect(server.requests.length - before).toBe(6);
    store.close();
  });

  it('that is silent is given up after as long as it is waited for, and at once by whoever is stopped', async () => {
    const store = await openS3Store('s3://films/silent');
    server.fault = () => 'silent';
    await expect(store.head('film', { answer: 20 })).rejects.toMatchObject({
      ...{ code: 'object-store', message: expect.stringContaining('did not answer within 0.02 s') },
    });
    const asks = {
      head: (signal: AbortSignal) => store.head('film', { signal }),
      list: (signal: AbortSignal) => store.list('', { signal })[Symbol.asyncIterator]().next(),
      open: (signal: AbortSignal) => store.open('film', { from: 0, etag: undefined, signal }),
    };
    for (const ask of Object.values(asks)) {
      const stop = new AbortController();
      const asked = server.requests.length;
      const answer = ask(stop.signal);
      await until(() => server.requests.length > asked);
      stop.abort();
      await expect(answer).rejects.toMatchObject({ name: 'FlowError', code: 'aborted' });
    }
    store.close();
  });

  it('that is busy is not tried again by whoever was stopped meanwhile', async () => {
    const store = await openS3Store('s3://films/busy');
    const stop = new AbortController();
    const before = server.requests.length;
    server.fault = () => {
      // Before the next try, for which it pauses.
      setImmediate(() => stop.abort());
      return 503;
    };
    await expect(store.head('film', { signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(server.requests.length - before).toBe(1);
    store.close();
  });

  it('whose package is not installed is refused with the command that installs it', async () => {
    vi.resetModules();
    vi.doMock('@aws-sdk/client-s3', () => {
      throw new Error('Cannot find package');
    });
    const { openS3Store: open } = await import('../../../src/io/objects/s3-store.ts');
    await expect(open('s3://films/x')).rejects.toMatchObject({
      code: 'package',
      remedy: 'Install it next to reelflow: `npm install @aws-sdk/client-s3`.',
    });
    vi.doUnmock('@aws-sdk/client-s3');
  });

  it('that ignores conditions is found out by doctor, and one that keeps them is not', async () => {
    expect(await checkStore('s3://films/good')).toEqual({
      refusesSecondWrite: true,
      refusesStaleReplace: true,
      showsAtOnce: true,
    });
    server.ignoresConditions = true;
    const { code, stdout } = await reelflow(['doctor', '--device', 'cpu', '--store', 's3://films/bad'], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /MISSING {2}object store .*s3:\/\/films\/bad overwrites a write-once object .*If-None-Match.*If-Match/,
    );
    expect([...server.objects.keys()]).toEqual([]);
  });
});

describe('a lease', () => {
  it('is had by one at a time', async () => {
    const store = await openS3Store('s3://films/lease');
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        underLease(store, '_lock', async (assertHeld) => {
          inside += 1;
          most = Math.max(most, inside);
          await assertHeld();
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect([...server.objects.keys()]).toEqual([]);
    store.close();
  });

  it('of a process that shows no sign of life is taken over, and that process finds so', async () => {
    const store = await openS3Store('s3://films/lease');
    let release = (): void => {};
    const taken = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stopped = underLease(
      store,
      '_lock',
      async (assertHeld) => {
        await taken;
        await assertHeld();
      },
      // No sign in the time of this test.
      { sign: 1_000_000 },
    );
    stopped.catch(() => undefined);
    while (!server.objects.has('lease/_lock')) await sleep(5);
    const done = await underLease(store, '_lock', async () => 'done', { silence: 50 });
    expect(done).toBe('done');
    release();
    await expect(stopped).rejects.toThrow('was taken away');
    store.close();
  });

  it('of a process that lives is not taken over however long it takes', async () => {
    const store = await openS3Store('s3://films/lease');
    const order: string[] = [];
    const slow = underLease(
      store,
      '_lock',
      async (assertHeld) => {
        const puts = () => server.requests.filter(({ method }) => method === 'PUT').length;
        // Until many signs have been given, whatever time that takes.
        const before = puts();
        while (puts() < before + 20) await sleep(5);
        await assertHeld();
        order.push('slow');
      },
      { sign: 10 },
    );
    while (!server.objects.has('lease/_lock')) await sleep(1);
    await underLease(store, '_lock', async () => void order.push('next'), { silence: 2000 });
    await slow;
    expect(order).toEqual(['slow', 'next']);
    store.close();
  });
});
