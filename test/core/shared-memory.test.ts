import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { isShared, letGo, MemoryLink, type MemoryMessage, sharedMemory } from '../../src/core/shared-memory.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('a thread is told of memory once, and told to forget it when it is let go', async () => {
  const told: MemoryMessage[] = [];
  const link = new MemoryLink((message) => told.push(message));
  const [first, second] = [new Uint8Array(sharedMemory(8)), new Uint8Array(sharedMemory(8))];
  const number = link.numberOf(first);
  expect(link.numberOf(first)).toBe(number);
  expect(link.numberOf(second)).not.toBe(number);
  expect(told.map(({ kind }) => kind)).toEqual(['memory', 'memory']);
  letGo(first.buffer);
  letGo(second.buffer);
  letGo(second.buffer);
  await turn();
  expect(told.slice(2)).toEqual([{ kind: 'forget', numbers: [number, number + 1] }]);
  expect(isShared(first)).toBe(false);
  link.close();
});

it('only the whole of such memory is shared', () => {
  const view = new Uint8Array(sharedMemory(8));
  expect(isShared(view)).toBe(true);
  expect(isShared(new Float32Array(view.buffer))).toBe(true);
  expect(isShared(view.subarray(1))).toBe(false);
  expect(isShared(new Uint8Array(8))).toBe(false);
  expect(isShared(new Uint8Array(new SharedArrayBuffer(8)))).toBe(false);
});

it('a thread that has ended is told nothing more', async () => {
  const told: MemoryMessage[] = [];
  const link = new MemoryLink((message) => told.push(message));
  const view = new Uint8Array(sharedMemory(8));
  link.numberOf(view);
  link.close();
  letGo(view.buffer);
  await turn();
  expect(told).toHaveLength(1);
});

it('what a thread forgets is given back to the system', async () => {
  const path = new URL('../../src/core/known-memory.js', import.meta.url).href;
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { KnownMemory } from ${JSON.stringify(path)};
    const memory = new KnownMemory();
    let heeded = 0;
    parentPort.on('message', (message) => {
      if (memory.heeds(message)) heeded++;
      else parentPort.postMessage({ heeded, external: process.memoryUsage().arrayBuffers });
    });
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { execArgv: [] });
  const link = new MemoryLink((message) => worker.postMessage(message));
  const views = Array.from({ length: 40 }, () => new Uint8Array(sharedMemory(1024 * 1024)));
  for (const view of views) link.numberOf(view);
  const ask = async () => {
    worker.postMessage({ kind: 'ask' });
    return (await once(worker, 'message'))[0] as { heeded: number; external: number };
  };
  expect((await ask()).heeded).toBe(40);
  for (const view of views) letGo(view.buffer);
  await turn();
  const after = await ask();
  expect(after.heeded).toBe(41);
  link.close();
  await worker.terminate();
});
