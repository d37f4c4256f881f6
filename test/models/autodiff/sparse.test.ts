import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { adam } from '../../../src/models/autodiff/optimisers/adam.ts';
import { sgd } from '../../../src/models/autodiff/optimisers/sgd.ts';
import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import type { TrainerOptions } from '../../../src/models/autodiff/trainer-options.ts';
import { planTraining } from '../../../src/models/autodiff/training-plan.ts';
import { factorBatch, factorData, factorModule, ITEMS, namedUsers, USERS, WIDTH } from './factor-problem.ts';

async function trained(options: TrainerOptions): Promise<Map<string, Float32Array>> {
  await using trainer = await Trainer.open(factorModule(), { seed: 2, epochs: 3, learningRate: 0.05, ...options });
  await trainer.fit(factorData);
  return await trainer.weights();
}

async function firstWeights(): Promise<Map<string, Float32Array>> {
  await using trainer = await Trainer.open(factorModule(), { seed: 2 });
  return await trainer.weights();
}

/** Which of the rows of its table a batch names, each once. */
const namedBy = (indices: Int32Array) => new Set(indices);

test('by plain gradient descent a step that is given the named rows alone learns what one on whole tables does, bit by bit', async () => {
  const options = { optimiser: sgd(), l2: 0 };
  const whole = await trained({ ...options, sparse: false });
  const sparse = await trained({ ...options, sparse: true });
  expect([...sparse.keys()].sort()).toEqual([...whole.keys()].sort());
  for (const [name, values] of whole) expect(sparse.get(name)).toEqual(values);
});

test('sparse Adam moves the named rows by moments of their own, and the L2 term is of these rows', async () => {
  const [rate, l2, beta1, beta2, epsilon] = [0.05, 0.01, 0.9, 0.999, 1e-7];
  const weights = new Map([...(await firstWeights())].map(([name, values]) => [name, Float64Array.from(values)]));
  const tables = { users: WIDTH, items: WIDTH, 'item-biases': 1 };
  const moments = new Map([...weights].map(([name, { length }]) => [name, [0, 1].map(() => new Float64Array(length))]));
  const at = (name: string, place: number) => weights.get(name)?.[place] as number;
  for (let epoch = 0, step = 1; epoch < 3; epoch++) {
    for (let index = 0; index < 4; index++, step++) {
      const { users, items, ratings } = factorBatch(epoch, index);
      const rowsOf = (name: string) => namedBy(name === 'users' ? users : items);
      const objective = () => {
        let loss = 0;
        for (const [row, rating] of ratings.entries()) {
          const [user, item] = [users[row] as number, items[row] as number];
          let value = 0.5 + at('item-biases', item);
          for (let k = 0; k < WIDTH; k++) value += at('users', user * WIDTH + k) * at('items', item * WIDTH + k);
          loss += (value - rating) ** 2 / ratings.length;
        }
        for (const [name, width] of Object.entries(tables)) {
          for (const row of rowsOf(name)) for (let k = 0; k < width; k++) loss += l2 * at(name, row * width + k) ** 2;
        }
        return loss;
      };
      const changes: (() => void)[] = [];
      for (const [name, width] of Object.entries(tables)) {
        const values = weights.get(name) as Float64Array;
        const [first, second] = moments.get(name) as [Float64Array, Float64Array];
        for (const place of [...rowsOf(name)].flatMap((row) =>
          Array.from({ length: width }, (_, k) => row * width + k),
        )) {
          const kept = values[place] as number;
          values[place] = kept + 1e-5;
          const above = objective();
          values[place] = kept - 1e-5;
          const slope = (above - objective()) / 2e-5;
          values[place] = kept;
          first[place] = beta1 * (first[place] as number) + (1 - beta1) * slope;
          second[place] = beta2 * (second[place] as number) + (1 - beta2) * slope ** 2;
          const mean = (first[place] as number) / (1 - beta1 ** step);
          const size = Math.sqrt((second[place] as number) / (1 - beta2 ** step));
          changes.push(() => {
            values[place] = kept - (rate * mean) / (size + epsilon);
          });
        }
      }
      for (const change of changes) change();
    }
  }
  const learnt = await trained({ optimiser: adam(), l2, sparse: true });
  for (const [name, values] of weights) {
    for (const [place, value] of values.entries()) expect(learnt.get(name)?.[place]).toBeCloseTo(value, 4);
  }
});

test('rows that no batch names keep their first values under Adam and L2, which dense learning moves', async () => {
  const first = (await firstWeights()).get('users')?.subarray(namedUsers * WIDTH);
  const last = async (sparse: boolean) =>
    (await trained({ optimiser: adam(), l2: 0.01, sparse })).get('users')?.subarray(namedUsers * WIDTH);
  expect(await last(true)).toEqual(first);
  expect(await last(false)).not.toEqual(first);
});

test('tables of fewer than 10,000 rows stand in the graph, larger ones outside, unless told otherwise', () => {
  const outside = (users: number, sparse?: boolean) =>
    planTraining(factorModule(users), adam(), 0, sparse).plan.state.flatMap(({ members, lookedUpBy }) =>
      lookedUpBy === undefined ? [] : members.map(({ name }) => name),
    );
  expect(outside(9999)).toEqual([]);
  expect(new Set(outside(10_000))).toEqual(new Set(['base', 'users']));
  expect(outside(10_000, false)).toEqual([]);
  expect(new Set(outside(USERS, true))).toEqual(new Set(['base', 'users', 'items', 'item-biases']));
});

test('a sparse training that was stopped inside an epoch goes on to the same weights, bit by bit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-sparse-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const checkpoint = { path: join(directory, 'checkpoint'), everySteps: 1, data: 'factors' };
  const whole = await trained({ sparse: true });
  const stop = new AbortController();
  const stopping = {
    *batches(epoch: number, from: number, buffers: Trainer['buffers']) {
      let index = from;
      for (const batch of factorData.batches(epoch, from, buffers) as Iterable<{ rows: number; feeds: object }>) {
        if (epoch === 1 && index++ === 2) stop.abort(new Error('stopped'));
        yield batch as never;
      }
    },
  };
  const options = { seed: 2, epochs: 3, learningRate: 0.05, checkpoint };
  await using stopped = await Trainer.open(factorModule(), { ...options, sparse: true, signal: stop.signal });
  await expect(stopped.fit(stopping)).rejects.toThrow('stopped');
  await using dense = await Trainer.open(factorModule(), { ...options, sparse: false });
  await expect(dense.fit(factorData)).rejects.toMatchObject({ code: 'shape' });
  await using larger = await Trainer.open(factorModule(USERS + 1), { ...options, sparse: true });
  await expect(larger.fit(factorData)).rejects.toMatchObject({ code: 'shape' });
  await using resumed = await Trainer.open(factorModule(), { ...options, sparse: true });
  expect((await resumed.fit(factorData)).resumedFrom).toEqual({ epoch: 1, batches: 2 });
  for (const [name, values] of whole) expect((await resumed.weights()).get(name)).toEqual(values);
});

test('a batch that names a row which the table has not fails the training, naming feed and row', async () => {
  await using trainer = await Trainer.open(factorModule(), { sparse: true });
  const feeds = {
    users: { data: Int32Array.of(0), shape: [1] },
    items: { data: Int32Array.of(ITEMS), shape: [1] },
    ratings: { data: new Float32Array(1), shape: [1, 1] },
  };
  const data = { batches: () => [{ rows: 1, feeds }] };
  await expect(trainer.fit(data)).rejects.toThrow("'items'[0] must be from 0 to 11, but is 12");
});
