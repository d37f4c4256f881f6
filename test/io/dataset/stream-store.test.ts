import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tableFromIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { UnitStreamEncoder } from '../../../src/io/dataset/arrow-stream.ts';
import { StreamStore } from '../../../src/io/dataset/stream-store.ts';
import { unitTable } from './fixtures.ts';

const encoder = new UnitStreamEncoder([{ stream: 'visual', statistic: 'mean', dimension: 6 }]);
const unit = (itemId: string) => unitTable({ itemId, streams: { visual: 6 } });

it('commits resolve one after another as the reader takes them, and what waits is told', async () => {
  const takes: (() => void)[] = [];
  const chunks: Buffer[] = [];
  const slow = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      takes.push(() => done());
    },
  });
  let waiting = 0;
  const store = new StreamStore(slow, encoder, {
    onWaiting: (bytes) => {
      waiting += bytes;
    },
  });
  const done: string[] = [];
  const all = [
    store.open().then(() => done.push('schema')),
    store.commit('k1', unit('a')).then(() => done.push('a')),
    store.commit('k2', unit('b')).then(() => done.push('b')),
    store.end().then(() => done.push('end')),
  ];
  const bytes = 2 * 2 * 6 * 4;
  expect(waiting).toBe(bytes);
  for (const [taken, left] of [
    [[], bytes],
    [['schema'], bytes],
    [['schema', 'a'], bytes / 2],
    [['schema', 'a', 'b'], 0],
  ] as const) {
    await sleep(2);
    expect(done).toEqual(taken);
    expect(waiting).toBe(left);
    expect(takes).toHaveLength(1);
    takes.pop()?.();
  }
  await Promise.all(all);
  expect(tableFromIPC(Buffer.concat(chunks)).batches).toHaveLength(2);
  store.release();
});

it('a reader that goes away aborts readerGone, and fails the commits that wait', async () => {
  const stream = new PassThrough({ highWaterMark: 1 });
  const store = new StreamStore(stream, encoder);
  const waits = store.commit('k', unit('a'));
  stream.destroy();
  await expect(waits).rejects.toThrow('closed');
  expect(store.readerGone.aborted).toBe(true);
  await expect(store.commit('k', unit('b'))).rejects.toThrow();
});

it('EPIPE is a reader that went away before the commit fails; another error is not', async () => {
  for (const [code, gone] of [
    ['EPIPE', true],
    ['ENOSPC', false],
  ] as const) {
    const error = Object.assign(new Error(code), { code });
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(error) });
    const closed = new Promise((done) => stream.once('close', done));
    const store = new StreamStore(stream, encoder);
    const seen = await store.commit('k', unit('a')).catch(() => store.readerGone.aborted);
    expect(seen).toBe(gone);
    await closed;
    expect(store.readerGone.aborted).toBe(gone);
  }
});

it('gives up a write that waits when it is told to stop', async () => {
  const stop = new AbortController();
  const stuck = new Writable({ write: () => {} });
  const store = new StreamStore(stuck, encoder, { signal: stop.signal });
  const waits = store.commit('k', unit('a'));
  stop.abort(new Error('stopped'));
  await expect(waits).rejects.toThrow('stopped');
  await expect(store.commit('k', unit('b'))).rejects.toThrow('stopped');
});

it('keeps nothing of what it has written', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const store = new StreamStore(sink, encoder);
  const writes = async (count: number) => {
    for (let index = 0; index < count; index += 1) await store.end();
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await writes(2000);
  const after = await writes(20_000);
  // A reaction on a promise of the store's whole life was 0.3 kB for each.
  expect(after - before).toBeLessThan(20_000 * 100);
  store.release();
});
