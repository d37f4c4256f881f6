import { describe, expect, test } from 'vitest';
import { AudioGaps } from '../../../src/io/media/audio-gaps.ts';
import { StreamClock, type StreamClockOptions } from '../../../src/io/media/stream-clock.ts';

const PERIOD = 0.04;

function placed(stated: readonly (number | undefined)[], options: Partial<StreamClockOptions> = {}) {
  const clock = new StreamClock({ start: 0, period: PERIOD, believedUntil: Number.NEGATIVE_INFINITY, ...options });
  return { times: stated.map((time) => Number(clock.place(time).toFixed(6))), breaks: clock.breaks };
}

const regular = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => Number((from + index * PERIOD).toFixed(6)));

describe('a stream clock', () => {
  test('leaves good times alone, uneven ones too', () => {
    const uneven = [0, 0.04, 0.05, 0.3, 1.9, 1.9, 2];
    expect(placed(uneven)).toEqual({ times: uneven, breaks: 0 });
    expect(placed(regular(50))).toEqual({ times: regular(50), breaks: 0 });
  });

  test('counts on where no time is stated', () => {
    expect(placed([0, undefined, undefined, 0.12])).toEqual({ times: [0, 0.04, 0.08, 0.12], breaks: 0 });
  });

  test('holds times that go back by a little', () => {
    expect(placed([0, 0.04, 0.02, 0.08])).toEqual({ times: [0, 0.04, 0.04, 0.08], breaks: 0 });
  });

  test('continues at the last time and a period where times go back', () => {
    expect(placed([...regular(50), ...regular(50), ...regular(50)])).toEqual({ times: regular(150), breaks: 2 });
  });

  test('continues where times jump ahead, and keeps what follows at its distance', () => {
    expect(placed([...regular(10), ...regular(10, 3600)])).toEqual({ times: regular(20), breaks: 1 });
  });

  test('takes the times up again after one that was wild', () => {
    for (const wild of [7000, -7000]) {
      const stated = regular(20);
      stated[7] = wild;
      expect(placed(stated)).toEqual({ times: regular(20), breaks: 1 });
    }
    expect(placed([...regular(5), 7000, 7000.04, ...regular(5, 0.28)])).toEqual({ times: regular(12), breaks: 1 });
  });

  test('takes a first time that is far from where the stream starts for wild', () => {
    expect(placed([3600, ...regular(5, 0.04)])).toEqual({ times: regular(6), breaks: 1 });
  });

  test('believes a long wait within the stated length, and one that was measured', () => {
    const held = [0, 0.04, 8, 8.04];
    expect(placed(held).breaks).toBe(1);
    expect(placed(held, { believedUntil: 10 })).toEqual({ times: held, breaks: 0 });
    expect(placed(held, { longestGap: 7.96 })).toEqual({ times: held, breaks: 0 });
    expect(placed([0, 0.04, 20], { believedUntil: 10 }).breaks).toBe(1);
  });

  test('counts where times crawl behind a wild one', () => {
    const crawling = [...regular(10), ...Array.from({ length: 40 }, (_, index) => 361 + index / 90_000)];
    expect(placed(crawling, { crawls: true })).toEqual({ times: regular(50), breaks: 1 });
  });
});

describe('gaps of sound', () => {
  const RATE = 16_000;
  function gapsOf(
    marks: readonly (readonly [samples: number, stated: number | undefined])[],
    options: Partial<StreamClockOptions> = {},
  ) {
    const gaps = new AudioGaps({ start: 0, period: 0.02, believedUntil: 100, ...options }, RATE);
    for (const [samples, stated] of marks) gaps.mark(samples, stated);
    const found: [number, number][] = [];
    for (let gap = gaps.next(); gap !== undefined; gap = gaps.next()) {
      found.push([gap.at / RATE, gap.samples / RATE]);
      gaps.shift();
    }
    return { found, breaks: gaps.breaks, start: gaps.start };
  }

  test('are where times run ahead of the samples', () => {
    expect(
      gapsOf([
        [0, 0.5],
        [2, 2.5],
        [2.5, 5],
        [3, 5.5],
      ]),
    ).toEqual({ found: [[2.5, 2]], breaks: 0, start: 0.5 });
  });

  test('are none where times run slower than the samples, and none is made up later for what was ahead', () => {
    expect(
      gapsOf([
        [0, 0],
        [2, 0.5],
        [4, 1],
        [6, 6.05],
      ]).found,
    ).toEqual([]);
    expect(
      gapsOf([
        [0, 0],
        [2, 0.5],
        [4, 5],
      ]).found,
    ).toEqual([[4, 1]]);
  });

  test('are none where times break off', () => {
    expect(
      gapsOf([
        [0, 0],
        [4, 4],
        [5, 0.5],
        [6, 1.5],
      ]),
    ).toMatchObject({ found: [], breaks: 1 });
    expect(
      gapsOf(
        [
          [0, 0],
          [4, 4],
          [5, 3600],
          [6, 3601],
        ],
        { believedUntil: 10 },
      ),
    ).toMatchObject({ found: [], breaks: 1 });
  });

  test('are found again after the decoder began to count again', () => {
    const marks = [
      [0, 0],
      [4, 4],
      [0, 5],
      [2, 7],
      [3, 10],
      [4, 11],
    ] as const;
    expect(gapsOf(marks)).toMatchObject({ found: [[8, 2]], breaks: 0 });
  });

  test('of times that are not stated are none', () => {
    expect(
      gapsOf(
        [
          [0, undefined],
          [2, undefined],
        ],
        { start: 1.5 },
      ),
    ).toMatchObject({ found: [], start: 1.5 });
  });
});
