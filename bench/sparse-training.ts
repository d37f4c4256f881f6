/**
 * CPU-milliseconds per training step at the size of MovieLens 20M (138,493 users, 26,744 items,
 * batch 128, default options except for the number of epochs), with embeddings learnt densely and
 * sparsely in turn, and peak memory. `deepcf` is compared with PyTorch, dense and sparse, with one
 * thread, in the same run. Ours includes everything: making batches, reading features, passing them
 * to the thread, learning. Ratings and features (10 x 600 and 10 x 128) are SYNTHETIC.
 *
 *   node dist/bench/sparse-training.js [--recommenders deepcf,dcf-av-1] [--users 138493] [--items 26744] [--steps 40] [--rounds 3]
 *     [--forms sparse,dense] [--python /usr/bin/python3]
 *
 * Use `--python none` without PyTorch.
 */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { seededUniform } from '../src/models/autodiff/initialisers.ts';
import { type NeuralRecommenderName, readsFeatures } from '../src/models/recommenders/neural/architectures.ts';
import { NeuralRecommender } from '../src/models/recommenders/neural/neural-recommender.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({
  ...{ recommenders: 'deepcf,dcf-av-1', users: '138493', items: '26744', steps: '40', rounds: '3' },
  ...{ forms: 'sparse,dense', python: '/usr/bin/python3' },
});
const [userCount, itemCount, steps, rounds] = ['users', 'items', 'steps', 'rounds'].map((name) =>
  Number(options[name]),
) as [number, number, number, number];
const batch = 128;
const uniform = seededUniform(1, 'sparse bench');
const below = (limit: number) => () => Math.floor(uniform() * limit);
const length = steps * batch;
const training = {
  users: Int32Array.from({ length }, below(userCount)),
  items: Int32Array.from({ length }, below(itemCount)),
  values: Float32Array.from({ length }, () => 0.5 + 4.5 * uniform()),
  ...{ userCount, itemCount, scale: { minimum: 0.5, maximum: 5 } },
};
const modalities = [
  { name: 'visual', dimension: 600, steps: 10 },
  { name: 'audio', dimension: 128, steps: 10 },
];
/** Features of 500 items, which the other items share: those of all items would be 780 MB. */
const stored = new Map(
  modalities.map(({ name, dimension, steps }) => [
    name,
    Float32Array.from({ length: 500 * dimension * steps }, () => 2 * uniform() - 1),
  ]),
);
const features = {
  modalities,
  async read(items: Int32Array, into: Readonly<Record<string, Float32Array>>) {
    for (const { name, dimension, steps } of modalities) {
      const size = dimension * steps;
      for (const [place, item] of items.entries()) {
        const from = (item % 500) * size;
        into[name]?.set((stored.get(name) as Float32Array).subarray(from, from + size), place * size);
      }
    }
    const all = new Uint8Array(items.length).fill(1);
    return { visual: all, audio: all };
  },
};

/** CPU-milliseconds per step of the second epoch; the first warms up. */
async function ours(model: NeuralRecommenderName, sparse: boolean): Promise<number> {
  const at: NodeJS.CpuUsage[] = [];
  await using recommender = new NeuralRecommender(model, {
    ...{ seed: 1, epochs: 2, sparse },
    modalities: readsFeatures(model) ? modalities : undefined,
    onEpoch: () => void at.push(process.cpuUsage()),
  });
  await recommender.fit(training, undefined, features);
  const [first, second] = at as [NodeJS.CpuUsage, NodeJS.CpuUsage];
  return (second.user + second.system - first.user - first.system) / 1000 / steps;
}

function pytorch(form: string): number {
  const script = join(import.meta.dirname, '../../bench/sparse-training-pytorch.py');
  const sizes = [userCount, itemCount, batch, steps].map(String);
  const { cpuMsPerStep } = JSON.parse(
    execFileSync(options.python as string, [script, ...sizes, form], { encoding: 'utf8' }),
  ) as { cpuMsPerStep: number };
  return cpuMsPerStep;
}

for (const model of (options.recommenders as string).split(',') as NeuralRecommenderName[]) {
  for (let round = 1; round <= rounds; round++) {
    for (const form of (options.forms as string).split(',')) {
      const reelflow = await ours(model, form === 'sparse');
      const peer = model === 'deepcf' && options.python !== 'none' ? { pytorch: pytorch(form) } : {};
      const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
      console.log(
        JSON.stringify({ model, form, round, cpuMsPerStep: { reelflow, ...peer }, peakRssMiB, load: loadavg()[0] }),
      );
    }
  }
}
