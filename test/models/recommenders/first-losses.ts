import { elementCount } from '../../../src/models/autodiff/emitter.ts';
import { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import type { Feeds } from '../../../src/models/autodiff/feeds.ts';
import { adam } from '../../../src/models/autodiff/optimisers/adam.ts';
import { initialState, overwrite } from '../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../src/models/autodiff/step-runner.js';
import { planTraining, type TrainableModule } from '../../../src/models/autodiff/training-plan.ts';
import type { StepDraws } from '../../../src/models/recommenders/defined-training.ts';
import { weightShapes } from '../../../src/models/recommenders/neural/weight-shapes.ts';
import { numbersOf } from '../../fixtures/movielens.ts';

/** Users and items of the data that the reference programs draw. */
export const [users, items] = [7, 9];

/** Their ratings: user, item, rating. */
export function referenceRows(): [number, number, number][] {
  const next = numbersOf(11);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < users; user++) {
    for (let item = 0; item < items; item++) if (next() < 0.6) rows.push([user, item, 1 + Math.floor(next() * 5)]);
  }
  return rows;
}

/**
 * Losses of three steps of Adam, from the weights of the reference programs.
 *
 * @param batch what a step learns from.
 */
export async function firstLosses(
  { module, facts }: { readonly module: TrainableModule; readonly facts: ReadonlyMap<string, Float32Array> },
  batch: (draws: StepDraws, buffers: FeedBuffers) => Feeds,
): Promise<number[]> {
  const optimiser = adam();
  const { plan, groups } = planTraining(module, optimiser, 0);
  const state = initialState(groups, 1);
  const next = numbersOf(5);
  const shapes = [...weightShapes(module)].filter(([name]) => !facts.has(name));
  const drawn = shapes
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, shape]) =>
        [name, Float32Array.from({ length: elementCount(shape) }, () => 0.8 * (next() - 0.5))] as const,
    );
  overwrite(plan.state, state, new Map([...drawn, ...facts]));
  const runner = await StepRunner.open(plan, { seed: 1 });
  runner.load(state);
  const found: number[] = [];
  for (let step = 0; step < 3; step++) {
    const feeds = batch({ uniform: numbersOf(17 + step), step }, new FeedBuffers());
    const [loss] = await runner.steps([{ feeds, step: step + 1, scalars: optimiser.scalarsAt(step + 1, 0.01) }]);
    found.push(loss as number);
  }
  await runner.close();
  return found;
}
