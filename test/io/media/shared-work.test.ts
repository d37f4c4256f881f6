import { expect, test } from 'vitest';
import { SharedWork } from '../../../src/io/media/shared-work.ts';

/** Work that ends when it is told to, or stopped; and how often it was begun and stopped. */
function work() {
  const seen = { begun: 0, stopped: 0 };
  let finish: (value: string) => void = () => {};
  const shared = new SharedWork<string>((signal) => {
    seen.begun += 1;
    return new Promise((resolve, reject) => {
      finish = resolve;
      signal.addEventListener('abort', () => {
        seen.stopped += 1;
        reject(new Error('stopped'));
      });
    });
  }, 'looking');
  return { seen, shared, finish: (value: string) => finish(value) };
}

test('whoever is aborted stops waiting at once, and costs the others nothing', async () => {
  const { seen, shared, finish } = work();
  const stops = [new AbortController(), new AbortController()];
  const [first, second, third] = [...stops.map(({ signal }) => shared.result(signal)), shared.result()];
  for (const [index, waiting] of [first, second].entries()) {
    stops[index]?.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', message: 'looking was aborted' });
  }
  expect(seen).toEqual({ begun: 1, stopped: 0 });
  finish('found');
  expect(await third).toBe('found');
  expect(await shared.result()).toBe('found');
  expect(seen).toEqual({ begun: 1, stopped: 0 });
});

test('it stops when all that waited are aborted, by one signal or by several, and is done again for the next', async () => {
  const { seen, shared, finish } = work();
  const stop = new AbortController();
  const waiting = [shared.result(stop.signal), shared.result(stop.signal)];
  const outcomes = Promise.allSettled(waiting);
  stop.abort();
  const next = shared.result();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(seen).toEqual({ begun: 2, stopped: 1 });
  finish('found');
  expect(await next).toBe('found');
});

test('what failed is done again, and who is aborted beforehand begins nothing', async () => {
  let begun = 0;
  const shared = new SharedWork(async () => {
    begun += 1;
    if (begun === 1) throw new Error('no');
    return begun;
  }, 'looking');
  await expect(shared.result(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  expect(begun).toBe(0);
  await expect(shared.result()).rejects.toThrow('no');
  expect(await shared.result(new AbortController().signal)).toBe(2);
});
