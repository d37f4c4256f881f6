import { describe, expect, it } from 'vitest';
import { experimentLine, trainingLine } from '../../bin/training-progress.ts';

describe('the line of a training', () => {
  it('says nothing of time before it can be told', () => {
    expect(trainingLine({ epoch: 1, epochs: 100, loss: 0.51234 })).toBe('epoch 1 of at most 100  loss 0.5123');
    expect(trainingLine({ epoch: 1, epochs: 100, loss: 0.5, share: 0.349, epochSeconds: 61 })).toBe(
      'epoch 1 of at most 100, 34 %  loss 0.5000',
    );
  });

  it('has the share of the epoch, its time and what is left, and the validation once it is over', () => {
    const inside = { epoch: 2, epochs: 100, loss: 0.5, share: 0.5, epochSeconds: 61, secondsLeft: 6000 };
    expect(trainingLine(inside)).toBe(
      'epoch 2 of at most 100, 50 % (about 61 s an epoch, 1.7 h to the last)  loss 0.5000',
    );
    const over = { ...inside, share: undefined, validationLoss: 0.25, part: 'the branch deepcf', secondsLeft: 0 };
    expect(trainingLine(over)).toBe(
      'the branch deepcf: epoch 2 of at most 100 (about 61 s an epoch, 0 s to the last)  loss 0.5000  validation loss 0.2500',
    );
  });
});

describe('the line of an experiment', () => {
  it('has what is left for a person, and where the training of a point stands', () => {
    expect(experimentLine({ part: 'trials', done: 0, total: 8 })).toBe('0/8 trials on the validation part');
    const point = 'hard-cold, dcf-av-1, seed 1, fold 2';
    expect(experimentLine({ part: 'points', done: 1, total: 4, secondsLeft: 7200, point })).toBe(
      `1/4 points  2.0 h left  ${point}`,
    );
    const training = { epoch: 3, epochs: 100, share: 0.25, pointSecondsLeft: 95 };
    expect(experimentLine({ part: 'points', done: 0, total: 4, point, ...training })).toBe(
      `0/4 points  ${point}, epoch 3 of at most 100, 25 % (2 min to the last)`,
    );
  });
});
