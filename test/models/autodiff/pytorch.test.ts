import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Feeds } from '../../../src/models/autodiff/feeds.ts';
import { seededUniform } from '../../../src/models/autodiff/initialisers.ts';
import { adam } from '../../../src/models/autodiff/optimisers/adam.ts';
import { initialState, namedVariables } from '../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../src/models/autodiff/step-runner.js';
import { planTraining } from '../../../src/models/autodiff/training-plan.ts';
import { neuralModule } from '../../../src/models/recommenders/neural/neural-module.ts';

const SCRIPT = resolve(import.meta.dirname, 'pytorch-reference.py');
const [STEPS, BATCH, ITEMS_WITH_FEATURES] = [6, 128, 200];
const MODALITIES = [
  { name: 'visual', dimension: 600, steps: 10 },
  { name: 'audio', dimension: 128, steps: 10 },
];
const SPACE = { userCount: 1500, itemCount: 1000, scale: { minimum: 0.5, maximum: 5 } };

/** A Python that has PyTorch, if any. */
function findTorch(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const python = findTorch();
const title = 'six steps of the full dcf-av-1 have the losses and weights that PyTorch gives';

test.skipIf(!python)(python ? title : `${title} (skipped: no PyTorch here)`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reelflow-pytorch-'));
  const uniform = seededUniform(7, 'data');
  const integers = (length: number, below: number) => Int32Array.from({ length }, () => Math.floor(uniform() * below));
  const reals = (length: number) => Float32Array.from({ length }, () => 2 * uniform() - 1);
  const save = (name: string, values: Int32Array | Float32Array) => writeFileSync(join(folder, `${name}.bin`), values);
  try {
    const optimiser = adam({ epsilon: 1e-8 });
    const network = neuralModule('dcf-av-1', SPACE, { form: 'thesis', dropout: 0, modalities: MODALITIES });
    const { plan, groups } = planTraining(network, optimiser, 1e-5);
    const state = initialState(groups, 3);
    const members = plan.state.flatMap(({ kind, members }) => (kind === 'weight' ? members : []));
    const flat = (values: ReadonlyMap<string, Float32Array>) =>
      Float32Array.from(members.flatMap(({ name }) => [...(values.get(name) as Float32Array)]));
    const users = integers(STEPS * BATCH, SPACE.userCount);
    const items = integers(STEPS * BATCH, ITEMS_WITH_FEATURES);
    const ratings = reals(STEPS * BATCH).map((value) => 2.75 + 2.25 * value);
    const features = new Map(
      MODALITIES.map(({ name, steps, dimension }) => [name, reals(ITEMS_WITH_FEATURES * steps * dimension)]),
    );
    save('weights', flat(namedVariables(plan.state, state)));
    save('users', users);
    save('items', items);
    save('ratings', ratings);
    for (const [name, values] of features) save(name, values);
    const facts = { ...SPACE.scale, batch: BATCH, steps: STEPS, l2: 1e-5, learningRate: 0.001, epsilon: 1e-8 };
    const modalities = MODALITIES.map(({ name, steps, dimension }) => [name, steps, dimension]);
    const weights = members.map(({ name, shape }) => [name, shape]);
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...facts, modalities, weights }));

    const expected = JSON.parse(execFileSync(python as string, [SCRIPT, folder], { encoding: 'utf8' })) as number[];
    const runner = await StepRunner.open(plan, { seed: 1 });
    runner.load(state);
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const range = [step * BATCH, (step + 1) * BATCH] as const;
      const own = items.subarray(...range);
      const unique = [...new Set(own)];
      const feeds: Record<string, Feeds[string]> = {
        users: { data: users.subarray(...range), shape: [BATCH] },
        items: { data: own, shape: [BATCH] },
        ratings: { data: ratings.subarray(...range), shape: [BATCH, 1] },
        'item-places': { data: own.map((item) => unique.indexOf(item)), shape: [BATCH] },
      };
      for (const { name, steps, dimension } of MODALITIES) {
        const data = new Float32Array(unique.length * steps * dimension);
        for (const [place, item] of unique.entries()) {
          const start = item * steps * dimension;
          data.set(
            (features.get(name) as Float32Array).subarray(start, start + steps * dimension),
            place * steps * dimension,
          );
        }
        feeds[`features/${name}`] = { data, shape: [unique.length, steps, dimension] };
      }
      const [loss] = await runner.steps([{ feeds, step: step + 1, scalars: optimiser.scalarsAt(step + 1, 0.001) }]);
      losses.push(loss as number);
    }
    const trained = flat(namedVariables(plan.state, runner.state()));
    await runner.close();
    const theirs = new Float32Array(Uint8Array.from(readFileSync(join(folder, 'trained.bin'))).buffer);
    for (const [step, loss] of losses.entries()) expect(Math.abs(loss - (expected[step] as number))).toBeLessThan(1e-4);
    expect(trained.length).toBe(theirs.length);
    // Where a gradient is almost 0, Adam's first steps are of its sign alone: a few weights may go
    // the other way.
    const differences = trained.map((value, index) => Math.abs(value - (theirs[index] as number))).sort();
    expect(differences[Math.floor(0.999 * differences.length)]).toBeLessThan(1e-4);
    expect(differences.at(-1)).toBeLessThan(2 * STEPS * 0.001);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
