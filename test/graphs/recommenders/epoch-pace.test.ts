import { describe, expect, it } from 'vitest';
import { EpochPace } from '../../../src/graphs/recommenders/epoch-pace.ts';

/** A pace of ten epochs by a clock that the test sets, in milliseconds. */
function paceOf(part?: string) {
  let now = 0;
  const pace = new EpochPace(10, part, () => now);
  const at = (milliseconds: number) => {
    now = milliseconds;
    return pace;
  };
  const rows = (epoch: number, learnt: number) => ({ epoch, rows: learnt, of: 1000, loss: 0.5 });
  const record = (epoch: number) => ({
    ...{ epoch, trainingLoss: 0.4, validationLoss: 0.6, learningRate: 0.001, steps: 100 * (epoch + 1) },
  });
  return { at, rows, record };
}

describe('the pace of a training', () => {
  it('is told from the second message of the first epoch on, without the slow first step', () => {
    const { at, rows } = paceOf();
    // Nine seconds until the first ten rows are learnt, then ten milliseconds a row.
    expect(at(9000).inside(rows(0, 10))).toBeUndefined();
    expect(at(9200).inside(rows(0, 30))).toEqual({
      ...{ epoch: 1, epochs: 10, loss: 0.5, share: 0.03, part: undefined },
      ...{ epochSeconds: 10, secondsLeft: expect.closeTo(99.7, 9) },
    });
  });

  it('has the validation once an epoch is over, and is that of the last epoch', () => {
    const { at, rows, record } = paceOf();
    at(0).inside(rows(0, 100));
    at(9000).inside(rows(0, 1000));
    // Ten seconds for the rows, five for the judgement.
    expect(at(14_000).ended(record(0))).toMatchObject({ epoch: 1, epochSeconds: 15, secondsLeft: 135 });
    // The pace of this epoch's rows alone would leave the judgement out.
    expect(at(15_000).inside(rows(1, 100))).toMatchObject({
      epoch: 2,
      share: 0.1,
      epochSeconds: 15,
      secondsLeft: 133.5,
    });
    at(23_000).inside(rows(1, 1000));
    expect(at(26_000).ended(record(1))).toMatchObject({ epoch: 2, epochSeconds: 12, secondsLeft: 96 });
  });

  it('says nothing of time where it knows nothing, and nothing is left behind the last epoch', () => {
    const { at, rows, record } = paceOf('the branch deepcf');
    // All rows in one message.
    expect(at(1000).inside(rows(0, 1000))).toBeUndefined();
    const first = at(1500).ended(record(0));
    expect(first).toMatchObject({ epoch: 1, loss: 0.4, validationLoss: 0.6, part: 'the branch deepcf' });
    expect(first.epochSeconds).toBeUndefined();
    expect(at(2500).ended(record(9))).toMatchObject({ epochSeconds: 1, secondsLeft: 0 });
  });

  it('of an epoch that was resumed in its middle is that of a whole one', () => {
    const { at, rows, record } = paceOf();
    at(0).inside(rows(4, 600));
    expect(at(2000).inside(rows(4, 800))).toMatchObject({ epoch: 5, epochSeconds: 10, secondsLeft: 52 });
    at(4000).inside(rows(4, 1000));
    expect(at(5000).ended(record(4))).toMatchObject({ epochSeconds: 11, secondsLeft: 55 });
  });
});
