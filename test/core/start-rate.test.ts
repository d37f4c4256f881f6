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

  it('gives turns in the order in which they are asked for, and none after an abort', async () => {
    const rate = new StartRate(20);
    const stop = new AbortController();
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((each) => rate.turn(stop.signal).then(() => order.push(each))));
    expect(order).toEqual([1, 2, 3]);
    const waiting = new StartRate(1e12);
    await waiting.turn(stop.signal);
    const late = waiting.turn(stop.signal);
    stop.abort();
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  });
});
