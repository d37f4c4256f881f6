import { expect, test } from 'vitest';
import { EarlyStopping } from '../../../src/models/autodiff/early-stopping.ts';
import { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import { Plateau } from '../../../src/models/autodiff/plateau.ts';

test('the rate is multiplied after as many epochs without improvement as the patience says, and never falls below its minimum', () => {
  const plateau = new Plateau(1, { factor: 0.5, patience: 2, minimum: 0.3, minimumChange: 0.1, patienceSteps: 0 });
  const rates = [5, 4.95, 4.95, 4.8, 4.75, 4.75, 4.75, 4.75].map((loss, epoch) => {
    plateau.epochEnded(loss, epoch + 1);
    return plateau.learningRate;
  });
  expect(rates).toEqual([1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3]);
});

test('early stopping remembers the best epoch, and takes what is not a number for no improvement', () => {
  const stopping = new EarlyStopping(2);
  expect([3, 2, Number.NaN].map((loss, epoch) => stopping.epochEnded(epoch, loss))).toEqual([true, true, false]);
  expect(stopping.stop).toBe(false);
  expect(stopping.epochEnded(3, 2)).toBe(false);
  expect(stopping.stop).toBe(true);
  expect(stopping.state).toMatchObject({ bestLoss: 2, bestEpoch: 1, waited: 2 });
});

test('epochs of few steps do not end a training, or lower its rate, before so many steps were made in vain', () => {
  const stopping = new EarlyStopping(2, 30);
  const plateau = new Plateau(1, { factor: 0.5, patience: 2, patienceSteps: 20 });
  const seen = [3, 4, 4, 4, 4].map((loss, epoch) => {
    stopping.epochEnded(epoch, loss, 8 * (epoch + 1));
    plateau.epochEnded(loss, 8 * (epoch + 1));
    return [stopping.stop, plateau.learningRate];
  });
  expect(seen).toEqual([
    [false, 1],
    [false, 1],
    [false, 1],
    [false, 0.5],
    [true, 0.5],
  ]);
});

test('options out of range are usage errors', () => {
  expect(() => new Plateau(0)).toThrow('`learningRate` must be a number above 0, but is 0');
  expect(() => new Plateau(1, { factor: 1 })).toThrow('`plateau.factor` must be below 1, but is 1');
  expect(() => new EarlyStopping(0)).toThrow('`patience` must be an integer of at least 1, but is 0');
});

test('a buffer given back is used again for a batch of about its size', () => {
  const buffers = new FeedBuffers();
  const first = buffers.reals(1000);
  expect(first.length).toBe(1000);
  buffers.give(first.buffer as ArrayBuffer);
  const second = buffers.integers(1010);
  expect(second.length).toBe(1010);
  expect(second.buffer).toBe(first.buffer);
  expect(buffers.reals(1000).buffer).not.toBe(first.buffer);
});
