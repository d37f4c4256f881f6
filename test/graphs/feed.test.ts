import { expect, it } from 'vitest';
import { Feed } from '../../src/graphs/runners/feed.ts';
import { startingElsewhere } from '../../src/graphs/runners/starting-elsewhere.ts';

it('gives every item once to any number of workers, and asks for one at a time', async () => {
  let asking = 0;
  let most = 0;
  let left = 20;
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        asking += 1;
        most = Math.max(most, asking);
        await new Promise(setImmediate);
        asking -= 1;
        left -= 1;
        return left < 0 ? { done: true, value: undefined } : { done: false, value: left };
      },
    }),
  };
  const feed = new Feed(items, new AbortController().signal);
  const given: number[] = [];
  const worker = async () => {
    for (let next = await feed.next(); next !== undefined; next = await feed.next()) given.push(next.item);
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(1);
});

it('a stop releases everybody who waits, and the list is told', async () => {
  const stop = new AbortController();
  let returned = 0;
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  const feed = new Feed(items, stop.signal);
  const waiting = [feed.next(), feed.next()];
  stop.abort();
  expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  await feed.close();
  expect(returned).toBe(1);
  expect(await feed.next()).toBeUndefined();
});

it('a generator is closed, and its clean-up waited for', async () => {
  let cleaned = false;
  async function* endless() {
    try {
      for (let item = 0; ; item += 1) yield item;
    } finally {
      await new Promise(setImmediate);
      cleaned = true;
    }
  }
  const feed = new Feed(endless(), new AbortController().signal);
  expect(await feed.next()).toEqual({ item: 0 });
  await feed.close();
  expect(cleaned).toBe(true);
});

it('what the list fails with is thrown', async () => {
  async function* failing() {
    yield 1;
    throw new Error('the queue is gone');
  }
  const feed = new Feed(failing(), new AbortController().signal);
  await feed.next();
  await expect(feed.next()).rejects.toThrow('the queue is gone');
});

it('each process begins where none of the others is', () => {
  const items = Array.from({ length: 8 }, (_, index) => index);
  expect([0, 1, 2, 3, 4, 5].map((others) => startingElsewhere(items, others)[0])).toEqual([0, 4, 2, 6, 1, 5]);
  for (let others = 0; others < 20; others += 1) {
    expect([...startingElsewhere(items, others)].sort()).toEqual(items);
  }
  expect(startingElsewhere([], 3)).toEqual([]);
});

it('a list gives its items at once, in order, whichever way they are asked for; what is asynchronous gives none so', async () => {
  const feed = new Feed(['a', 'b', 'c', 'd'], new AbortController().signal);
  const given = [feed.nextNow(), await feed.next(), feed.nextNow(), feed.nextNow(), feed.nextNow(), await feed.next()];
  expect(given.map((next) => next?.item)).toEqual(['a', 'b', 'c', 'd', undefined, undefined]);
  async function* later() {
    yield 'a';
  }
  const asynchronous = new Feed(later(), new AbortController().signal);
  expect(asynchronous.nextNow()).toBeUndefined();
  expect(await asynchronous.next()).toEqual({ item: 'a' });
});

it('a list gives nothing at once after a stop', () => {
  const stop = new AbortController();
  const feed = new Feed(['a', 'b'], stop.signal);
  expect(feed.nextNow()).toEqual({ item: 'a' });
  stop.abort();
  expect(feed.nextNow()).toBeUndefined();
});
