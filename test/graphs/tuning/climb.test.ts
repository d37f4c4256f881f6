import { describe, expect, it } from 'vitest';
import { climb, type Tuned } from '../../../src/graphs/tuning/climb.ts';

const limits = {
  knobs: ['workers', 'concurrency', 'batch'] as const,
  most: { workers: 8, concurrency: 64, batch: 1024 },
  trials: 100,
};
const at = (workers: number, concurrency: number, batch: number): Tuned => ({ workers, concurrency, batch });

/** A machine that is fastest at one setting, and slower by each doubling away from it. */
const peakAt = (peak: Tuned) => (setting: Tuned) =>
  1000 *
  (['workers', 'concurrency', 'batch'] as const).reduce(
    (rate, knob) => rate * 0.8 ** Math.abs(Math.log2(setting[knob] / peak[knob])),
    1,
  );

describe('a climb to the fastest setting', () => {
  it.each([[at(8, 2, 128)], [at(1, 64, 4)], [at(2, 4, 32)]])('finds it from anywhere: %j', async (peak) => {
    const rate = peakAt(peak);
    const setting = at(2, 4, 32);
    const { best, tried } = await climb({ setting, rate: rate(setting) }, limits, async (each) => rate(each));
    expect(best).toEqual({ setting: peak, rate: 1000 });
    expect(tried[0]).toEqual({ setting, rate: rate(setting) });
    expect(tried.length).toBeLessThan(40);
  });

  it('stays where the memory limit refuses what would be faster', async () => {
    const rate = peakAt(at(8, 4, 32));
    const setting = at(2, 4, 32);
    const refusing = async (each: Tuned) => (each.workers > 4 ? undefined : rate(each));
    const { best } = await climb({ setting, rate: rate(setting) }, limits, refusing);
    expect(best.setting).toEqual(at(4, 4, 32));
  });

  it('believes no setting that was faster once, and none that gains next to nothing', async () => {
    const setting = at(2, 4, 32);
    let lucky = true;
    const wavering = async (each: Tuned) => {
      if (each.workers !== 4) return 101;
      const rate = lucky ? 200 : 100;
      lucky = false;
      return rate;
    };
    const { best } = await climb({ setting, rate: 100 }, limits, wavering);
    expect(best).toEqual({ setting, rate: 100 });
  });

  it('ends where it is when it is told to stop', async () => {
    const stop = new AbortController();
    const setting = at(1, 1, 1);
    const measured: Tuned[] = [];
    const { best } = await climb({ setting, rate: 1 }, { ...limits, stops: [stop.signal] }, async (each) => {
      measured.push(each);
      if (measured.length < 3) return 2;
      stop.abort();
      return undefined;
    });
    expect(measured).toEqual([at(2, 1, 1), at(2, 1, 1), at(4, 1, 1)]);
    expect(best).toEqual({ setting: at(2, 1, 1), rate: 2 });
  });

  it('varies what it is told to, and measures as often as it may', async () => {
    const measured: Tuned[] = [];
    const rate = peakAt(at(8, 64, 1024));
    const setting = at(1, 1, 1);
    const { best } = await climb({ setting, rate: 1 }, { ...limits, knobs: ['batch'], trials: 5 }, async (each) => {
      measured.push(each);
      return rate(each);
    });
    expect(measured.map(({ batch }) => batch)).toEqual([2, 2, 4, 4, 8]);
    expect(measured.every(({ workers, concurrency }) => workers * concurrency === 1)).toBe(true);
    expect(best.setting).toEqual(at(1, 1, 4));
  });
});
