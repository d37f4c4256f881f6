import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import { adam } from '../../../src/models/autodiff/optimisers/adam.ts';
import { sgd } from '../../../src/models/autodiff/optimisers/sgd.ts';
import { initialState, namedVariables, overwrite } from '../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../src/models/autodiff/step-runner.js';
import { planTraining } from '../../../src/models/autodiff/training-plan.ts';
import { joinUnits } from '../../../src/models/autodiff/unit-feeds.ts';
import { fillNoise, keyedIntegers } from '../../../src/models/privacy/keyed-noise.js';
import { poissonSample } from '../../../src/models/privacy/privacy-options.ts';
import { neuralModule } from '../../../src/models/recommenders/neural/neural-module.ts';
import { RatingFeeds } from '../../../src/models/recommenders/neural/rating-batches.ts';
import { weightShapes } from '../../../src/models/recommenders/neural/weight-shapes.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from '../recommenders/support.ts';

const reference = JSON.parse(readFileSync(new URL('private-reference.json', import.meta.url), 'utf8')) as {
  readonly losses: readonly number[];
};
const [users, items] = [7, 9];
const key = new Uint8Array(32).fill(7);

/** The ratings of private-reference.py. */
function ratings() {
  const next = numbersOf(11);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < users; user++) {
    for (let item = 0; item < items; item++) {
      if (next() < 0.6) rows.push([user, item, 1 + Math.floor(next() * 5)]);
    }
  }
  return { ...training(rows, users, items), scale: { minimum: 1, maximum: 5 } };
}

const data = ratings();
const module = neuralModule('regsvd-adam', data, { embedding: 3 });
const known = new Uint8Array(items).fill(1);

/** The feeds of these users, each a unit. */
async function unitsOf(some: readonly number[]) {
  const buffers = new FeedBuffers();
  const feeds = new RatingFeeds(data, known, undefined);
  const rowsOf = (user: number) => Int32Array.from(data.users.keys()).filter((row) => data.users[row] === user);
  const units = [];
  for (const user of some) units.push({ unit: user, feeds: await feeds.of(rowsOf(user), buffers) });
  return joinUnits(units, units[0]?.feeds ?? (await feeds.of(rowsOf(0), buffers)), buffers);
}

async function runner(optimiser: ReturnType<typeof adam>, privacy: { clip: number; noise: number }, l2 = 0) {
  const { plan, groups } = planTraining(module, optimiser, l2, undefined, { ...privacy, expected: users });
  const state = initialState(groups, 1);
  const next = numbersOf(5);
  const shapes = [...weightShapes(module)].filter(([name]) => name.startsWith('collaborative'));
  const drawn = shapes
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, Float32Array.from({ length }, () => 0.8 * (next() - 0.5))] as const;
    });
  overwrite(plan.state, state, new Map(drawn));
  const open = await StepRunner.open(plan, { seed: 1, noiseKey: key });
  open.load(state);
  return { open, weights: () => namedVariables(plan.state, open.state()), optimiser };
}

describe('private steps', () => {
  it('have the losses of NumPy, where each user is shortened alone and L2 comes behind it', async () => {
    const { open, optimiser } = await runner(adam(), { clip: 0.1, noise: 1e-9 }, 0.01);
    const all = Array.from({ length: users }, (_, user) => user);
    for (const [at, loss] of reference.losses.entries()) {
      const scalars = optimiser.scalarsAt(at + 1, 0.05);
      const [found] = await open.steps([{ feeds: await unitsOf(all), step: at + 1, scalars }]);
      expect(Math.abs((found as number) - loss)).toBeLessThan(1e-4);
    }
    await open.close();
  });

  it('move no farther than clip / expected for one user, however wrong the loss is', async () => {
    const { open, weights, optimiser } = await runner(sgd(), { clip: 0.02, noise: 1e-9 });
    const before = weights();
    await open.steps([{ feeds: await unitsOf([2]), step: 1, scalars: optimiser.scalarsAt(1, 1) }]);
    let square = 0;
    for (const [name, values] of weights()) {
      for (const [at, value] of values.entries()) square += (value - (before.get(name)?.[at] as number)) ** 2;
    }
    expect(Math.sqrt(square)).toBeCloseTo(0.02 / users, 6);
    await open.close();
  });

  it('count a user whose gradient is not a number as zeros', async () => {
    const { open, weights, optimiser } = await runner(sgd(), { clip: 0.02, noise: 1e-9 });
    const scalars = optimiser.scalarsAt(1, 1);
    const start = open.state();
    const learn = async (some: readonly number[], spoilt?: number) => {
      open.load(start);
      const feeds = await unitsOf(some);
      for (const [name, { data }] of Object.entries(feeds)) {
        if (spoilt !== undefined && name.endsWith('ratings')) data[0] = spoilt;
      }
      const [loss] = await open.steps([{ feeds, step: 1, scalars }]);
      return { loss, weights: [...weights().values()] };
    };
    const without = await learn([3, 4]);
    for (const spoilt of [Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
      const { loss, weights } = await learn([2, 3, 4], spoilt);
      expect(weights).toEqual(without.weights);
      expect(loss).toBeCloseTo((2 * (without.loss as number)) / 3, 5);
    }
    await open.close();
  });

  it('say so when a weight is no longer a number', async () => {
    const { open, optimiser } = await runner(sgd(), { clip: 1, noise: 1e38 });
    const [loss] = await open.steps([{ feeds: await unitsOf([]), step: 1, scalars: optimiser.scalarsAt(1, 1e9) }]);
    expect(loss).toBeNaN();
    await open.close();
  });

  it('have noise of the stated deviation on every weight, also those that no user touches', async () => {
    const { open, weights, optimiser } = await runner(sgd(), { clip: 0.5, noise: 3 });
    const moved = new Map<string, number[]>();
    for (let step = 1; step <= 200; step++) {
      const before = weights();
      // No user at all: the step is noise alone.
      const [loss] = await open.steps([{ feeds: await unitsOf([]), step, scalars: optimiser.scalarsAt(step, 1) }]);
      expect(loss).toBe(0);
      for (const [name, values] of weights()) {
        const own = moved.get(name) ?? [];
        for (const [at, value] of values.entries()) own.push(value - (before.get(name)?.[at] as number));
        moved.set(name, own);
      }
    }
    for (const [name, steps] of moved) {
      if (name === 'facts/mean') continue;
      const deviation = Math.sqrt(steps.reduce((sum, step) => sum + step ** 2, 0) / steps.length);
      expect(Math.abs(deviation / ((3 * 0.5) / users) - 1)).toBeLessThan(0.1);
    }
    await open.close();
  });
});

describe('numbers that follow from a key', () => {
  it('are the same for the same key and place, and others for others', () => {
    const some = (bytes: Uint8Array, place: string) => {
      const next = keyedIntegers(bytes, place);
      return Array.from({ length: 5 }, next);
    };
    expect(some(key, 'a')).toEqual(some(key, 'a'));
    expect(some(key, 'a')).not.toEqual(some(key, 'b'));
    expect(some(key, 'a')).not.toEqual(some(new Uint8Array(32), 'a'));
  });

  it('make standard normal noise', () => {
    const noise = new Float32Array(100_001);
    fillNoise(noise, key, 'noise');
    const moment = (power: number) => noise.reduce((sum, value) => sum + value ** power, 0) / noise.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.12);
  });

  it('take each unit into a step with the same chance', () => {
    const counts = new Float64Array(50);
    for (let step = 0; step < 4000; step++) {
      for (const unit of poissonSample(50, 0.1, key, step)) counts[unit] = (counts[unit] as number) + 1;
    }
    for (const count of counts) expect(Math.abs(count / 4000 - 0.1)).toBeLessThan(0.025);
    expect(poissonSample(5, 1, key, 0)).toHaveLength(5);
  });

  it('take units independently: the number in a step and the gaps have the spread of chance', () => {
    const [units, rate, steps] = [200, 0.05, 4000];
    const [counts, gaps]: number[][] = [[], []];
    for (let step = 0; step < steps; step++) {
      const taken = poissonSample(units, rate, key, step);
      counts?.push(taken.length);
      for (let at = 1; at < taken.length; at++) gaps?.push((taken[at] as number) - (taken[at - 1] as number));
    }
    const mean = (counts as number[]).reduce((sum, count) => sum + count, 0) / steps;
    const variance = (counts as number[]).reduce((sum, count) => sum + (count - mean) ** 2, 0) / steps;
    expect(Math.abs(mean - units * rate)).toBeLessThan(0.2);
    expect(Math.abs(variance - units * rate * (1 - rate))).toBeLessThan(0.8);
    const near = (gaps as number[]).filter((gap) => gap === 1).length / (gaps as number[]).length;
    expect(Math.abs(near - rate)).toBeLessThan(0.01);
    expect(poissonSample(1e9, 1e-8, key, 0).length).toBeLessThan(60);
  });
});
