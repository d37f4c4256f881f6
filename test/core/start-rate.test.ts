import { describe, expect, it } from 'vitest';
import { StartRate, startInterval } from '../../src/core/start-rate.ts';

describe('the rate of starts', () => {
  it.each([
    ['4/s', 250],
    ['0.5/s', 2000],
    ['10/min', 6000],
    ['120/h', 30_000],
  ])('%s leaves %i ms between two', (rate, interval) => {
    expect(startInterval(rate)).toBe(interval);
  });

  it.each(['', '5', '/s', '5/d', '-1/s', '0/min', '1e3/s', ' 1/s', 'Infinity/s'])('%j is none', (rate) => {
    expect(() => startInterval(rate)).toThrow('`rate` must be');
  });

  it('gives turns in the order in which they are asked for', async () => {
    const rate = new StartRate(20);
    const stop = new AbortController();
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((each) => rate.turn(stop.signal).then(() => order.push(each))));
    expect(order).toEqual([1, 2, 3]);
  });

  it('keeps that order where the process stood still between two callers', async () => {
    const times = [0, 0, 25];
    const timers: { at: number; run: () => void }[] = [];
    const rate = new StartRate(20, {
      early: 0,
      now: () => times.shift() ?? 25,
      // As of Node.js: timers count from when the turn of the event loop began, here 0.
      after: (milliseconds, run) => {
        timers.push({ at: milliseconds, run });
        return () => undefined;
      },
    });
    const order: number[] = [];
    const all = [1, 2, 3].map((each) => rate.turn(new AbortController().signal).then(() => order.push(each)));
    await all[0];
    expect(timers.map(({ at }) => at)).toEqual([20, 15]);
    for (const { run } of timers.toReversed()) {
      run();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
  });

  it('gives no turn after an abort, and holds up nobody for who gave up', async () => {
    const stop = new AbortController();
    const waiting = new StartRate(1e12);
    await waiting.turn(stop.signal);
    const late = waiting.turn(stop.signal);
    stop.abort();
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    const short = new StartRate(1);
    await short.turn(new AbortController().signal);
    await expect(short.turn(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await short.turn(new AbortController().signal);
  });
});
