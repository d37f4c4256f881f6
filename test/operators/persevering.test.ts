import { from, lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { Flow } from '../../src/operators/flow.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/**
 * Runs elements through a mapAsync in virtual time, and tells at which millisecond each call was
 * made.
 */
async function run(options: { retry?: number; rate?: string; concurrency?: number }, fails: (call: number) => boolean) {
  const flow = new Flow('1MiB');
  const calls: number[] = [];
  const started = performance.now();
  const map = async (value: number) => {
    calls.push(Math.round(performance.now() - started));
    if (fails(calls.length)) throw new Error(`call ${calls.length} failed`);
    return value;
  };
  const stream = from([1, 2, 3]).pipe(flow.mapAsync(map, { concurrency: 1, ...options }), toArray());
  const result = lastValueFrom(stream).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(600_000);
  return { result: await result, calls, held: flow.held };
}

describe('an operation that fails', () => {
  it('is tried again after 0.5 s, 1 s, 2 s, and gives its result in its place', async () => {
    const { result, calls, held } = await run({ retry: 3 }, (call) => call <= 3);
    expect(result).toEqual([1, 2, 3]);
    expect(calls).toEqual([0, 500, 1500, 3500, 3500, 3500]);
    expect(held).toBe(0);
  });

  it('fails the output with its last error when it has been tried so often', async () => {
    const { result, calls, held } = await run({ retry: 2 }, () => true);
    expect(result).toBe('call 3 failed');
    expect(calls).toEqual([0, 500, 1500]);
    expect(held).toBe(0);
  });

  it('is not tried again when nothing says so', async () => {
    expect((await run({}, () => true)).calls).toHaveLength(1);
  });
});

describe('a rate', () => {
  it('spaces the starts evenly, tries again included', async () => {
    const { result, calls } = await run({ rate: '2/s', retry: 1, concurrency: 3 }, (call) => call === 1);
    expect(result).toEqual([1, 2, 3]);
    expect(calls).toEqual([0, 500, 1000, 1500]);
  });

  it('is one for all operators of a name in a flow', async () => {
    const flow = new Flow('1MiB');
    const calls: number[] = [];
    const started = performance.now();
    const work = () =>
      lastValueFrom(
        from([1, 2]).pipe(
          flow.mapAsync(async () => calls.push(Math.round(performance.now() - started)), {
            name: 'service',
            concurrency: 2,
            rate: '60/min',
          }),
          toArray(),
        ),
      );
    const both = Promise.all([work(), work()]);
    await vi.advanceTimersByTimeAsync(10_000);
    await both;
    expect(calls).toEqual([0, 1000, 2000, 3000]);
  });

  it('must be a number per second, minute or hour', () => {
    const flow = new Flow('1MiB');
    expect(() => flow.mapAsync(async () => 1, { concurrency: 1, rate: 'fast' })).toThrow(UsageError);
    expect(() => flow.mapAsync(async () => 1, { concurrency: 1, retry: -1 })).toThrow('`retry` must be');
  });
});
