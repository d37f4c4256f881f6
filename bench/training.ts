/**
 * CPU-milliseconds per training step of `deepcf` and `dcf-av-1` (10 x 600 and 10 x 128 features,
 * batch 128) compared with PyTorch, one thread each, in one run. Ours includes everything: making
 * batches, reading features, passing them to the thread, learning. Ratings and features are
 * synthetic; dropout is 0, as the peer has none.
 *
 * With --device cuda, steps are runs on a card, compared with those on the CPU in the same run;
 * with --device loop, runs of several steps on the CPU. Both also print wall milliseconds, because
 * the card's time is not CPU time.
 *
 *   node dist/bench/training.js --device cuda [--models dcf-av-1] [--steps 300] [--batch 128]
 *   node dist/bench/training.js --peer DIR [--steps 150] [--rounds 2] [--recommenders deepcf,dcf-av-1] [--batching random]
 *
 * DIR holds train.py; without --peer only ours is measured.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { seededUniform } from '../src/models/autodiff/initialisers.ts';
import type { BatchingMethod } from '../src/models/recommenders/batching.ts';
import { type NeuralRecommenderName, readsFeatures } from '../src/models/recommenders/neural/architectures.ts';
import { NeuralRecommender } from '../src/models/recommenders/neural/neural-recommender.ts';
import { benchOptions } from './clips.ts';
import { scratchDirectory } from './scratch.ts';

const options = benchOptions({
  peer: '',
  steps: '150',
  rounds: '2',
  models: 'deepcf,dcf-av-1',
  batching: 'random',
  device: 'cpu',
  batch: '128',
});
const [USERS, ITEMS, BATCH] = [1500, 1000, Number(options.batch)];
const steps = Number(options.steps);
const modalities = [
  { name: 'visual', dimension: 600, steps: 10 },
  { name: 'audio', dimension: 128, steps: 10 },
];
const uniform = seededUniform(1, 'bench');
const below = (limit: number) => () => Math.floor(uniform() * limit);
const training = {
  users: Int32Array.from({ length: steps * BATCH }, below(USERS)),
  items: Int32Array.from({ length: steps * BATCH }, below(ITEMS)),
  values: Float32Array.from({ length: steps * BATCH }, () => 0.5 + 4.5 * uniform()),
  ...{ userCount: USERS, itemCount: ITEMS, scale: { minimum: 0.5, maximum: 5 } },
};
const stored = new Map(
  modalities.map(({ name, dimension, steps }) => [
    name,
    Float32Array.from({ length: ITEMS * dimension * steps }, () => 2 * uniform() - 1),
  ]),
);
let itemsRead = 0;
const features = {
  modalities,
  async read(items: Int32Array, into: Readonly<Record<string, Float32Array>>) {
    itemsRead += items.length;
    for (const { name, dimension, steps } of modalities) {
      const size = dimension * steps;
      for (const [place, item] of items.entries()) {
        into[name]?.set((stored.get(name) as Float32Array).subarray(item * size, (item + 1) * size), place * size);
      }
    }
    const all = new Uint8Array(items.length).fill(1);
    return { visual: all, audio: all };
  },
};

/** CPU-milliseconds and wall milliseconds per step of the second epoch; the first warms up. */
async function ours(model: NeuralRecommenderName, device: string) {
  const at: (NodeJS.CpuUsage & { wall: number })[] = [];
  const said: string[] = [];
  const place = device === 'loop' ? { inLoop: true } : { device };
  const recommender = new NeuralRecommender(model, {
    ...{ seed: 1, epochs: 2, dropout: 0, batchSize: BATCH, batching: options.batching as BatchingMethod },
    modalities: readsFeatures(model) ? modalities : undefined,
    ...place,
    onMessage: (sentence) => void said.push(sentence),
    onEpoch: () => void at.push({ ...process.cpuUsage(), wall: performance.now() }),
  });
  itemsRead = 0;
  await recommender.fit(training, undefined, features);
  const weights = await recommender.weights();
  await recommender.close();
  const [first, second] = at as [(typeof at)[0], (typeof at)[0]];
  const cpuMs = (second.user + second.system - first.user - first.system) / 1000 / steps;
  return { cpuMs, wallMs: (second.wall - first.wall) / steps, weights, said };
}

/** The largest difference of each weight. */
function apart(left: ReadonlyMap<string, Float32Array>, right: ReadonlyMap<string, Float32Array>): number[] {
  return [...left].map(([name, values]) =>
    values.reduce((most, value, at) => Math.max(most, Math.abs(value - (right.get(name)?.[at] as number))), 0),
  );
}

/** The same for PyTorch, as it reports it. */
function theirs(model: NeuralRecommenderName): number | undefined {
  if (!options.peer) return undefined;
  const scratch = scratchDirectory('training');
  try {
    const report = join(scratch, 'report.json');
    const name = model === 'deepcf' ? 'deepcf' : 'dcfavcont';
    const sizes = ['--items', String(ITEMS), '--users', String(USERS), '--batch', String(BATCH), '--S', '10'];
    execFileSync(
      '/usr/bin/python3',
      [
        join(options.peer, 'train.py'),
        '--model',
        name,
        ...sizes,
        '--epochs',
        '2',
        '--max-steps',
        String(steps),
        '--report',
        report,
      ],
      { env: { ...process.env, PEER_THREADS: '1' }, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const [result] = JSON.parse(readFileSync(report, 'utf8')) as [{ epochs: { cpu_s: number; steps: number }[] }];
    const last = result.epochs.at(-1) as { cpu_s: number; steps: number };
    return (1000 * last.cpu_s) / last.steps;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

for (const model of (options.models as string).split(',') as NeuralRecommenderName[]) {
  for (let round = 0; round < Number(options.rounds); round++) {
    const { cpuMs: reelflowMs, wallMs, weights } = await ours(model, 'cpu');
    if (options.device !== 'cpu') {
      const other = await ours(model, options.device as string);
      const [again, ...differences] = [await ours(model, options.device as string), ...apart(other.weights, weights)];
      const isSame = Math.max(...apart(again.weights, other.weights)) === 0;
      const greatest = { weights: Math.max(...differences), sameBitsAgain: isSame };
      const times = {
        cpuMs: other.cpuMs,
        wallMs: Math.min(other.wallMs, again.wallMs),
        onCpu: { cpuMs: reelflowMs, wallMs },
      };
      console.log(
        JSON.stringify({ model, device: options.device, steps, batch: BATCH, ...times, ...greatest, said: other.said }),
      );
      continue;
    }
    const uniqueItems = readsFeatures(model) ? itemsRead / (2 * steps) : undefined;
    const pytorchMs = theirs(model);
    const ratio = pytorchMs === undefined ? undefined : reelflowMs / pytorchMs;
    const peakRssMiB = process.resourceUsage().maxRSS / 1024;
    const facts = { steps, batching: options.batching, uniqueItems, peakRssMiB, load: loadavg()[0] };
    console.log(
      JSON.stringify({ model, reelflowCpuMsPerStep: reelflowMs, pytorchCpuMsPerStep: pytorchMs, ratio, ...facts }),
    );
  }
}
