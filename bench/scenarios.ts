/**
 * Making scenarios: CPU seconds, the longest time without a turn of the event loop, and peak memory
 * beyond the table itself, for SYNTHETIC ratings of the shape of MovieLens 10M (69,878 users,
 * 10,677 items, a few of which have most of the ratings). Each kind runs in its own process, in the
 * background as in an experiment, or all at once in this thread (`--at-once yes`).
 *
 *   node dist/bench/scenarios.js [--ratings 10000000] [--kinds non-cold,hard-cold,random] [--validation ratings]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FoldKind } from '../src/io/ratings/folds.ts';
import { makeScenarioBeside } from '../src/io/ratings/scenario-thread.ts';
import { makeScenario } from '../src/io/ratings/scenarios.ts';
import { seededUniform } from '../src/models/autodiff/initialisers.ts';
import { benchOptions } from './clips.ts';
import { LoopWatch } from './loop-watch.ts';

const options = benchOptions({
  ...{
    ratings: '10000000',
    kinds: 'non-cold,hard-cold,random',
    validation: 'ratings',
    'per-user': '',
    'at-once': '',
    only: '',
  },
});

/**
 * Ratings whose numbers per user and item follow a power law; in shared memory, as when read from a
 * file.
 */
function syntheticTable(count: number) {
  const [users, items] = [69_878, 10_677];
  const uniform = seededUniform(1, 'scenarios');
  const filled = <T extends Int32Array | Float32Array>(column: T, next: () => number): T => {
    for (let row = 0; row < count; row += 1) column[row] = next();
    return column;
  };
  const memory = () => new SharedArrayBuffer(4 * count);
  const drawn = (size: number) => filled(new Int32Array(memory()), () => Math.floor(size * uniform() ** 3));
  return {
    ...{ users: drawn(users), items: drawn(items) },
    values: filled(new Float32Array(memory()), () => (1 + Math.floor(10 * uniform())) / 2),
    userIds: Array.from({ length: users }, (_, index) => String(index + 1)),
    itemIds: Array.from({ length: items }, (_, index) => String(3 * index + 1)),
  };
}

async function measure(kind: FoldKind): Promise<void> {
  const table = syntheticTable(Number(options.ratings));
  const before = process.resourceUsage().maxRSS;
  const began = process.cpuUsage();
  const watch = new LoopWatch();
  const parameters = {
    ...{ kind, folds: 2, seed: 1, validation: { kind: options.validation as 'ratings' } },
    ratingsPerUser: options['per-user'] ? Number(options['per-user']) : undefined,
  };
  const atOnce = options['at-once'] === 'yes';
  const scenario = atOnce ? makeScenario(table, parameters) : await makeScenarioBeside(table, parameters, undefined);
  const block = watch.stop();
  const { user, system } = process.cpuUsage(began);
  const hash = createHash('sha256');
  for (const { train, validation, test } of scenario.splits)
    for (const part of [train, validation, test]) hash.update(part);
  const peak = process.resourceUsage().maxRSS;
  console.log(
    JSON.stringify({
      kind,
      atOnce,
      blockMs: { wall: Math.round(block.wall), onCore: Math.round(block.onCore) },
      cpuSeconds: (user + system) / 1e6,
      tableMiB: Math.round((12 * table.users.length) / 2 ** 20),
      peakMiB: Math.round(peak / 1024),
      overTableMiB: Math.round((peak - before) / 1024),
      splits: hash.digest('hex').slice(0, 16),
      load: loadavg()[0],
    }),
  );
}

if (options.only) await measure(options.only as FoldKind);
else {
  for (const kind of (options.kinds as string).split(',')) {
    const given = Object.entries(options).flatMap(([name, value]) =>
      value && name !== 'only' ? [`--${name}`, value] : [],
    );
    const self = fileURLToPath(import.meta.url);
    process.stdout.write(execFileSync(process.execPath, [self, ...given, '--only', kind]));
  }
}
