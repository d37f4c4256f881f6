/**
 * What a training holds for each weight: how the peak memory of a process grows with the number of
 * weights, divided by 4 bytes. `src/models/autodiff/training-memory.ts` uses the results.
 *
 *   node dist/bench/training-memory.js [--units 100,1100]
 *
 * `autorec`: two dense kernels; `dense` and `sparse`: `gmf` with its tables inside or outside the
 * graph. Each with and without checkpoints, for three epochs with validation.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { weightCount } from '../src/models/autodiff/training-memory.ts';
import { autoRec } from '../src/models/recommenders/history/autorec.ts';
import { HistoryRecommender } from '../src/models/recommenders/history/history-recommender.ts';
import { NeuralRecommender } from '../src/models/recommenders/neural/neural-recommender.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({ units: '100,1100', one: '', checkpoints: 'no' });
const [users, itemCount, rows] = [64, 5000, 1280];
const ratings = {
  users: Int32Array.from({ length: rows }, (_, row) => row % users),
  items: Int32Array.from({ length: rows }, (_, row) => (row * 7) % itemCount),
  values: Float32Array.from({ length: rows }, (_, row) => 1 + (row % 5)),
  ...{ userCount: users, itemCount, scale: { minimum: 1, maximum: 5 } },
};
const validation = {
  ...{ users: ratings.users.slice(0, 100), items: ratings.items.slice(0, 100), values: ratings.values.slice(0, 100) },
};

/** Trains in this process. */
async function train(kind: string, units: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-training-memory-'));
  const checkpoint =
    options.checkpoints === 'yes' ? { path: join(directory, 'checkpoint'), data: 'memory' } : undefined;
  const how = { seed: 1, epochs: 3, checkpoint };
  await using recommender =
    kind === 'autorec'
      ? new HistoryRecommender(autoRec, { side: 'user', hidden: units }, { ...how, batchSize: 32, memory: 2 ** 40 })
      : new NeuralRecommender('gmf', { ...how, batchSize: 256, embedding: units, sparse: kind === 'sparse' });
  await recommender.fit(ratings, validation);
  rmSync(directory, { recursive: true, force: true });
  const weights = weightCount(recommender.shapes);
  console.log(JSON.stringify({ weights, peak: 1024 * process.resourceUsage().maxRSS }));
}

/** Trains in a separate process. */
function measured(kind: string, units: string, checkpoints: string): { weights: number; peak: number } {
  const flags = ['--one', kind, '--units', units, '--checkpoints', checkpoints];
  return JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...flags], { encoding: 'utf8' }));
}

if (options.one !== '') await train(options.one as string, Number(options.units));
else {
  const [few = '100', many = '1100'] = (options.units as string).split(',');
  for (const kind of ['autorec', 'dense', 'sparse']) {
    for (const checkpoints of ['no', 'yes']) {
      const [less, more] = [measured(kind, few, checkpoints), measured(kind, many, checkpoints)];
      const numbers = (more.peak - less.peak) / 4 / (more.weights - less.weights);
      console.log(`${kind}, checkpoints ${checkpoints}: ${numbers.toFixed(1)} numbers for each weight`);
    }
  }
}
