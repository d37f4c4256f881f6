/**
 * Making scenarios: CPU seconds, the longest time in which the event loop had no turn, and peak
 * memory over what the table itself takes, of SYNTHETIC ratings of the shape of MovieLens 10M
 * (69,878 users, 10,677 items, few with most of them). Each kind runs in a process of its own.
 *
 *   node dist/bench/scenarios.js [--ratings 10000000] [--kinds non-cold,hard-cold,random] [--validation ratings]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FoldKind } from '../src/io/ratings/folds.ts';
import { makeScenario } from '../src/io/ratings/scenarios.ts';
import { seededUniform } from '../src/models/autodiff/initialisers.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({
  ...{ ratings: '10000000', kinds: 'non-cold,hard-cold,random', validation: 'ratings', 'per-user': '', only: '' },
});

/** Ratings whose numbers per user and per item fall as a power. */
function syntheticTable(count: number) {
  const [users, items] = [69_878, 10_677];
  const uniform = seededUniform(1, 'scenarios');
  const drawn = (size: number) => Int32Array.from({ length: count }, () => Math.floor(size * uniform() ** 3));
  return {
    ...{ users: drawn(users), items: drawn(items) },
    values: Float32Array.from({ length: count }, () => (1 + Math.floor(10 * uniform())) / 2),
    userIds: Array.from({ length: users }, (_, index) => String(index + 1)),
    itemIds: Array.from({ length: items }, (_, index) => String(3 * index + 1)),
  };
}

function measure(kind: FoldKind): void {
  const table = syntheticTable(Number(options.ratings));
  const before = process.resourceUsage().maxRSS;
  const began = process.cpuUsage();
  const scenario = makeScenario(table, {
    ...{ kind, folds: 2, seed: 1, validation: { kind: options.validation as 'ratings' } },
    ratingsPerUser: options['per-user'] === undefined ? undefined : Number(options['per-user']),
  });
  const { user, system } = process.cpuUsage(began);
  const hash = createHash('sha256');
  for (const { train, validation, test } of scenario.splits)
    for (const part of [train, validation, test]) hash.update(part);
  const peak = process.resourceUsage().maxRSS;
  console.log(
    JSON.stringify({
      kind,
      cpuSeconds: (user + system) / 1e6,
      tableMiB: Math.round((12 * table.users.length) / 2 ** 20),
      peakMiB: Math.round(peak / 1024),
      overTableMiB: Math.round((peak - before) / 1024),
      splits: hash.digest('hex').slice(0, 16),
      load: loadavg()[0],
    }),
  );
}

if (options.only) measure(options.only as FoldKind);
else {
  for (const kind of (options.kinds as string).split(',')) {
    const given = Object.entries(options).flatMap(([name, value]) =>
      value && name !== 'only' ? [`--${name}`, value] : [],
    );
    const self = fileURLToPath(import.meta.url);
    process.stdout.write(execFileSync(process.execPath, [self, ...given, '--only', kind]));
  }
}
