/**
 * Passes damaged weight files of every format to `readWeights`, and reads every value of those that
 * it accepts. Any outcome other than a value or a `ModelError` with a remedy is a failure, and its
 * input is kept.
 *
 *   node dist/bench/fuzz-weights.js [--seed 1] [--count 20000] [--format pth] [--dir .bench]
 */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../src/core/errors.ts';
import { floatInitializer, readWeights } from '../src/models/weights/weight-file.ts';
import { mutations, type Random, seeded } from '../test/fixtures/weights/mutations.ts';
import { sampleArchives, sampleFiles } from '../test/fixtures/weights/samples.ts';
import { benchOptions } from './clips.ts';
import { scratchDirectory } from './scratch.ts';

const MiB = 2 ** 20;
const options = benchOptions({ seed: '1', count: '20000', format: '', dir: '.bench' });
const folder = scratchDirectory('fuzz');
const path = join(folder, 'input');
const names = Object.keys(mutations);

/** The outcome for one format. */
interface Tally {
  inputs: number;
  read: number;
  slowest: number;
  growth: number;
  failures: number;
  readonly refusals: Map<string, number>;
}

function damage(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let changed = bytes;
  for (let rounds = Math.max(1, random(5) - 1); rounds > 0; rounds--) {
    const name = names[random(names.length)] as string;
    if (changed.length > 0) changed = mutations[name]?.(changed, random, others) ?? changed;
  }
  return changed;
}

function tryInput(bytes: Buffer, label: string, tally: Tally): void {
  writeFileSync(path, bytes);
  const before = memory();
  let most = before;
  const started = performance.now();
  try {
    let values = 0;
    for (const tensor of readWeights(path).tensors.values()) {
      for (const piece of floatInitializer(tensor).pieces()) {
        values += piece.byteLength;
        most = Math.max(most, memory());
      }
    }
    if (values > 4096 * (bytes.length + 1)) throw new Error(`${values} bytes of values out of ${bytes.length}`);
    tally.read++;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'weights' && error.remedy) {
      const kind = error.message
        .replace(path, '')
        .replace(/'[^']*'|\[[^\]]*\]|0x[0-9a-f]+|-?\d[\d.e+]*/g, '#')
        .slice(0, 70);
      tally.refusals.set(kind, (tally.refusals.get(kind) ?? 0) + 1);
    } else {
      const kept = join(options.dir as string, `fuzz-failure-${label.replaceAll(' ', '-')}-${tally.failures++}`);
      if (tally.failures <= 5) {
        copyFileSync(path, kept);
        console.log(`FAILURE ${label}: ${(error as Error).stack ?? error} (input kept as ${kept})`);
      }
    }
  }
  const seconds = (performance.now() - started) / 1000;
  if (seconds > tally.slowest) tally.slowest = seconds;
  tally.growth = Math.max(tally.growth, most - before, memory() - before);
  tally.inputs++;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

try {
  const files = sampleFiles(folder);
  const others = [...files.values()];
  const random = seeded(Number(options.seed));
  const archives = [...sampleArchives((bytes) => damage(bytes, random, others))];
  const inputs: readonly (readonly [string, () => Buffer])[] = [
    ...[...files].map(([name, bytes]) => [name, () => damage(bytes, random, others)] as const),
    ...archives,
  ];
  const startRss = process.memoryUsage().rss;
  let failures = 0;
  for (const [label, make] of inputs) {
    if (options.format !== '' && options.format !== label) continue;
    const tally: Tally = { inputs: 0, read: 0, slowest: 0, growth: 0, failures: 0, refusals: new Map() };
    for (let count = 0; count < Number(options.count); count++) tryInput(make(), label, tally);
    failures += tally.failures;
    const refused = [...tally.refusals.values()].reduce((sum, count) => sum + count, 0);
    console.log(
      `${label}: ${tally.inputs} inputs, ${tally.read} read, ${refused} refused (${tally.refusals.size} kinds), ${tally.failures} failures; slowest ${(tally.slowest * 1000).toFixed(1)} ms, most memory for one ${(tally.growth / MiB).toFixed(1)} MiB`,
    );
    for (const [kind, count] of [...tally.refusals].sort((a, b) => b[1] - a[1]).slice(0, 6))
      console.log(`  ${count} ${kind}`);
  }
  console.log(
    `resident memory grew by ${((process.memoryUsage().rss - startRss) / MiB).toFixed(0)} MiB over all; ${failures} failures`,
  );
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
