import { expect, test } from 'vitest';
import { checkThreshold } from '../../../src/models/metrics/threshold-check.ts';

const stars = { minimum: 0.5, maximum: 5 };

test('a threshold in the upper half of the scale, on either side of which there are ratings, has no warning', () => {
  expect(checkThreshold([3, 4], { scale: stars })).toBeUndefined();
  expect(checkThreshold([4, 5], { threshold: 5, thresholdRule: 'ge', scale: stars })).toBeUndefined();
});

test('a threshold in the lower half has one, which says what 3.5 is on that scale', () => {
  expect(checkThreshold([1, 9], { scale: { minimum: 1, maximum: 10 } })).toContain(
    '3.5 is not in the upper half of the scale 1 to 10: what is relevant may not be what is liked (3.5 on a scale of 0.5 to 5 is 7 here)',
  );
});

test('a threshold above or below all test ratings is refused, with the one that fits the scale', () => {
  const percent = { minimum: 10, maximum: 100 };
  expect(() => checkThreshold([10, 70, 100], { scale: percent })).toThrow('each of 3 test ratings is above 3.5');
  try {
    checkThreshold([10, 70, 100], { scale: percent });
  } catch (error) {
    expect((error as { remedy: string }).remedy).toContain('`threshold: 70`');
  }
  expect(() => checkThreshold([4, 5], { threshold: 5, scale: stars })).toThrow('none of 2 test ratings is above 5');
  expect(() => checkThreshold([5, 5], { threshold: 5, thresholdRule: 'ge', scale: stars })).toThrow('each of 2');
});
