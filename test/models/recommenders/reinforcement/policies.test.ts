import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { elementCount } from '../../../../src/models/autodiff/emitter.ts';
import { adam } from '../../../../src/models/autodiff/optimisers/adam.ts';
import { initialState, overwrite } from '../../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../../src/models/autodiff/step-runner.js';
import { planTraining } from '../../../../src/models/autodiff/training-plan.ts';
import type { HistoryDefinition } from '../../../../src/models/recommenders/history/history-network.ts';
import {
  type HistoryOptions,
  HistoryRecommender,
} from '../../../../src/models/recommenders/history/history-recommender.ts';
import { weightShapes } from '../../../../src/models/recommenders/neural/weight-shapes.ts';
import { PopularityRecommender } from '../../../../src/models/recommenders/popularity.ts';
import { Belief } from '../../../../src/models/recommenders/reinforcement/belief.ts';
import { ddpg } from '../../../../src/models/recommenders/reinforcement/ddpg.ts';
import { greedyReward } from '../../../../src/models/recommenders/reinforcement/greedy-reward.ts';
import { policyInputs } from '../../../../src/models/recommenders/reinforcement/logged-environment.ts';
import {
  distinctItems,
  playLoggedEpisodes,
} from '../../../../src/models/recommenders/reinforcement/logged-episodes.ts';
import { td3 } from '../../../../src/models/recommenders/reinforcement/td3.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { hashOf } from '../neural/tiny-problem.ts';
import { plantedBandit, plantedProbe } from './planted-bandit.ts';

const reference = JSON.parse(readFileSync(new URL('policy-reference.json', import.meta.url), 'utf8')) as Record<
  'ddpg' | 'td3',
  readonly number[]
>;
const definitions = { ddpg, td3, 'greedy-reward': greedyReward };
type Name = keyof typeof definitions;
const usual = { seed: 1, epochs: 60, batchSize: 20, learningRate: 0.003 };

function made(name: Name, own: object = {}, options: HistoryOptions = {}): HistoryRecommender<never> {
  const definition = definitions[name] as HistoryDefinition<never>;
  return new HistoryRecommender(definition, { factors: 4, hidden: 24, ...own } as never, { ...usual, ...options });
}

/** What it gets of users whom training has not met, after their first answer. */
async function rewardOf(name: Name, own: object, { learnt, others }: ReturnType<typeof plantedBandit>) {
  await using policy = made(name, own);
  await policy.fit(learnt);
  const { byStep, distinct } = await playLoggedEpisodes(policy, others, { steps: 6 });
  return { reward: byStep.slice(1).reduce((sum, value) => sum + value, 0) / 5, distinct };
}

/** The losses of three steps from the weights and the batch of policy-reference.py. */
async function losses(name: 'ddpg' | 'td3'): Promise<number[]> {
  const [rows, width, recent, candidates, items] = [5, 3, 2, 4, 6];
  const scale = { minimum: 0, maximum: 1 };
  const network = definitions[name].network(
    { factors: width, recent, hidden: 4, candidates, discount: 0.9 },
    { userCount: 5, itemCount: items, scale, mean: 0.5, known: new Uint8Array(items).fill(1), content: undefined },
  );
  const optimiser = adam();
  const { plan, groups } = planTraining(network.module, optimiser, 0);
  const state = initialState(groups, 1);
  const drawn = (next: () => number) => (length: number) => Float32Array.from({ length }, next);
  const first = numbersOf(5);
  const weights = [...weightShapes(network.module)]
    .filter(([each]) => /^(actor|critic)/.test(each))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, shape]) => [each, drawn(() => first() - 0.5)(elementCount(shape))] as const);
  const next = numbersOf(17);
  const some = drawn(() => 2 * next() - 1);
  const real = (data: Float32Array, ...shape: number[]) => ({ data, shape });
  const vectors = some(items * width);
  overwrite(plan.state, state, new Map([...weights, ['content/vectors', vectors]]));
  const taste = real(some(rows * width), rows, width);
  const list = real(some(rows * recent * width), rows, recent * width);
  const rewards = real(some(rows * candidates), rows, candidates);
  const noise = real(some(rows * width), rows, width);
  const smoothing = real(
    some(rows * width).map((value) => 0.2 * value),
    rows,
    width,
  );
  const inverse = Float32Array.from({ length: rows * width * width }, (_, at) => {
    const cell = at % (width * width);
    return cell % (width + 1) === 0 ? 0.6 : 0.1;
  });
  const asked = Int32Array.from(
    { length: rows * candidates },
    (_, at) => (Math.floor(at / candidates) + 2 * (at % candidates)) % items,
  );
  const runner = await StepRunner.open(plan, { seed: 1 });
  runner.load(state);
  const found: number[] = [];
  for (let step = 0; step < 3; step++) {
    const learns = name === 'ddpg' || step % 2 === 0;
    const feeds = {
      [policyInputs.taste]: taste,
      [policyInputs.recent]: list,
      [policyInputs.rewards]: rewards,
      [policyInputs.noise]: noise,
      [policyInputs.smoothing]: smoothing,
      [policyInputs.inverse]: real(inverse, rows, width, width),
      [policyInputs.candidates]: { data: asked, shape: [rows, candidates] },
      [policyInputs.away]: real(new Float32Array(rows * candidates), rows, candidates),
      [policyInputs.goesOn]: real(Float32Array.of(1, 0, 1, 1, 1), rows, 1),
      [policyInputs.tau]: real(Float32Array.of(step === 0 ? 1 : learns ? 0.1 : 0), 1),
      [policyInputs.actor]: real(Float32Array.of(learns ? 1 : 0), 1),
    };
    const [loss] = await runner.steps([{ feeds, step: step + 1, scalars: optimiser.scalarsAt(step + 1, 0.01) }]);
    found.push(loss as number);
  }
  await runner.close();
  return found;
}

describe('policies', () => {
  it.each(['ddpg', 'td3'] as const)('%s has the losses of NumPy', async (name) => {
    for (const [step, loss] of (await losses(name)).entries()) {
      expect(Math.abs(loss - (reference[name][step] as number))).toBeLessThan(1e-4);
    }
  });

  it('reach nine tenths of the best there is after one answer, and nothing where there is nothing', async () => {
    const [planted, cut] = [plantedBandit(), plantedBandit(true)];
    const popular = new PopularityRecommender();
    popular.fit(planted.learnt);
    const simple = await playLoggedEpisodes(popular, planted.others, { steps: 6 });
    expect(simple.reward).toBeLessThan(0.3);
    // Users have enough items of their kind for six steps, so the best is 1.
    for (const name of ['ddpg', 'td3', 'greedy-reward'] as const) {
      const { reward, distinct } = await rewardOf(name, {}, planted);
      expect(reward).toBeGreaterThan(0.9);
      expect(distinct).toBeGreaterThan(20);
    }
    expect(Math.abs((await rewardOf('ddpg', {}, cut)).reward)).toBeLessThan(0.3);
    const atOnce = await rewardOf('ddpg', { discount: 0 }, planted);
    expect(Math.abs(atOnce.reward - (await rewardOf('greedy-reward', {}, planted)).reward)).toBeLessThan(0.1);
  });

  it('ask what is worth nothing at once where all that follows depends on it, as the next reward alone does not', async () => {
    const { learnt, others } = plantedProbe();
    const rewards: number[] = [];
    for (const [name, own] of [
      ['td3', {}],
      ['td3', { discount: 0 }],
      ['greedy-reward', {}],
    ] as const) {
      const form = { hidden: 32, transitions: 8, ...own };
      await using policy = made(name, form, { ...usual, epochs: 200, batchSize: 30 });
      await policy.fit(learnt);
      rewards.push((await playLoggedEpisodes(policy, others, { steps: 6 })).reward);
    }
    const [planning = 0, atOnce = 1, greedy = 1] = rewards;
    // The best is nothing once and 1 five times; harmless items are worth 0.6 each.
    expect(planning).toBeGreaterThan(0.9 * (5 / 6));
    expect(greedy).toBeCloseTo(0.6, 2);
    expect(atOnce).toBeLessThan(0.7);
  });

  it.each(['ddpg', 'td3'] as const)(
    '%s gives the same bits again, and when it is stopped and goes on',
    async (name) => {
      const directory = await mkdtemp(join(tmpdir(), 'reelflow-policies-'));
      onTestFinished(() => rm(directory, { recursive: true, force: true }));
      const { learnt } = plantedBandit(false, 24, 12);
      const run = async (more: HistoryOptions = {}) => {
        await using policy = made(name, {}, { ...usual, epochs: 3, batchSize: 5, ...more });
        await policy.fit(learnt);
        return hashOf(await policy.weights());
      };
      const whole = await run();
      expect(await run()).toBe(whole);
      const checkpoint = { path: join(directory, 'checkpoint'), everySteps: 3, data: 'bandit' };
      const stop = new AbortController();
      const onProgress = ({ epoch, rows }: { epoch: number; rows: number }) => {
        if (epoch === 1 && rows > 10) stop.abort();
      };
      await expect(run({ checkpoint, signal: stop.signal, onProgress })).rejects.toThrow();
      expect(await run({ checkpoint })).toBe(whole);
    },
  );

  it('know a taste as ridge regression does', () => {
    const next = numbersOf(3);
    const vectors = Float64Array.from({ length: 12 }, () => 2 * next() - 1);
    const rewards = [0.5, -1, 1, 0];
    const belief = new Belief(3);
    for (const [at, reward] of rewards.entries()) belief.add(vectors, 3 * at, reward);
    // (sum v v' + 1) p = sum r v
    for (let row = 0; row < 3; row++) {
      let [left, right] = [belief.taste[row] as number, 0];
      for (const [at, reward] of rewards.entries()) {
        const own = vectors.subarray(3 * at, 3 * at + 3);
        const product = own.reduce((sum, value, axis) => sum + value * (belief.taste[axis] as number), 0);
        left += (own[row] as number) * product;
        right += (own[row] as number) * reward;
      }
      expect(left).toBeCloseTo(right, 10);
    }
  });

  it('are counted by the different items among 1,000 recommendations', () => {
    expect(distinctItems(new Array<number>(5000).fill(3))).toBe(1);
    expect(distinctItems(Array.from({ length: 5000 }, (_, at) => at))).toBe(1000);
  });

  it('refuse wrong options', () => {
    expect(() => made('ddpg', { discount: 1 })).toThrow('`discount`');
    expect(() => made('td3', { tau: 0 })).toThrow('`tau`');
    expect(() => made('greedy-reward', { candidates: 1 })).toThrow('`candidates`');
  });
});
