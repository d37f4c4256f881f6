import { expect, test } from 'vitest';
import { scaleDoubts } from '../../../src/io/ratings/scale-doubts.ts';

const half = Array.from({ length: 1000 }, (_, row) => ((row % 10) + 1) / 2);

test('ratings in half steps, whole stars, percents or any decimals are not doubted', () => {
  expect(scaleDoubts(Float32Array.from(half))).toEqual([]);
  expect(scaleDoubts(Float32Array.of(1, 2, 3, 4, 5))).toEqual([]);
  expect(scaleDoubts(Float32Array.from(half, (value) => value * 20))).toEqual([]);
  expect(scaleDoubts(Float32Array.from(half, (_, row) => Math.sin(row)))).toEqual([]);
  expect(scaleDoubts(Float32Array.of(1))).toEqual([]);
  expect(scaleDoubts(new Float32Array(0))).toEqual([]);
});

test('one 45 for 4.5 is doubted, and so is one -5', () => {
  expect(scaleDoubts(Float32Array.from([...half, 45]))).toEqual([
    expect.stringMatching(/^45 is given once, and the rating next to it is 5: it widens the scale of 1001 ratings/),
  ]);
  expect(scaleDoubts(Float32Array.from([...half, -5]))).toEqual([expect.stringContaining('-5 is given once')]);
});

test('an end that many gave is not doubted, however far it lies', () => {
  expect(scaleDoubts(Float32Array.from([...half, 45, 45, 45]))).toEqual([]);
});

test('a few ratings off the half steps of all others are doubted, shown as they were written', () => {
  expect(scaleDoubts(Float32Array.from([...half, 3.7]))).toEqual([
    '3.7 is given once, where all other ratings are in half steps',
  ]);
});
