/**
 * Compares the fast form of convolutions with the direct one, in turn, so that other load on the
 * machine affects both. First networks alone (random weights, one single-threaded worker): rows/s,
 * CPU-ms per row (the minimum and the median of all rounds), and the largest difference of a
 * vector's values relative to the largest value. Then whole extractions of a two-minute clip, each
 * in its own process: frames/s, and peak memory.
 *
 *   node dist/bench/convolutions.js [--networks alexnet,vggish,vgg16,resnet50] [--rounds 9] [--extractions 3] [--memory 1GiB] [--visual alexnet] [--dir .bench]
 */
import { rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../src/graphs/run-summary.ts';
import { convolutionForms } from '../src/models/networks/fast-convolutions/form.ts';
import { type Network, network } from '../src/models/networks/network.ts';
import { benchOptions, makeClip } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const options = benchOptions({
  networks: 'alexnet,vggish,vgg16,resnet50',
  rounds: '9',
  extractions: '3',
  memory: '1GiB',
  visual: 'alexnet',
  dir: '.bench',
});
const directory = options.dir as string;
const cacheDirectory = join(directory, 'cache');

const least = (values: readonly number[]) => Math.min(...values);
const median = (values: readonly number[]) =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] as number;

interface Timed {
  readonly cpu: number[];
  readonly wall: number[];
  vectors: readonly Float32Array[];
}

async function timeRound(open: Network, rows: readonly (Uint8Array | Float32Array)[], timed: Timed): Promise<void> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  timed.vectors = await open.embed(rows);
  const { user, system } = process.cpuUsage(before);
  timed.wall.push((performance.now() - started) / rows.length);
  timed.cpu.push((user + system) / 1000 / rows.length);
}

async function networkInPairs(name: string): Promise<void> {
  const opened: { readonly open: Network; readonly timed: Timed }[] = [];
  let rows: (Uint8Array | Float32Array)[] = [];
  for (const convolutions of convolutionForms) {
    const plan = network(name, { weights: 'random:1', cacheDirectory, convolutions });
    const open = await plan.open({ workers: 1, threads: 1 });
    opened.push({ open, timed: { cpu: [], wall: [], vectors: [] } });
    if (rows.length > 0) continue;
    rows = Array.from({ length: open.maxBatch }, (_, row) => madeRow(plan.inputLength, row));
    if (plan.card.input.kind !== 'frames') rows = rows.map((row) => Float32Array.from(row, (value) => value / 128 - 1));
  }
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const { open, timed } of opened) {
      await timeRound(open, rows, timed);
      // The first round reads the weights.
      if (round === 0) timed.cpu.length = timed.wall.length = 0;
    }
  }
  for (const { open } of opened) await open.close();
  const [fast, direct] = opened.map(({ timed }) => timed) as [Timed, Timed];
  const of = ({ cpu, wall }: Timed) => ({
    rowsPerSecond: +(1000 / least(wall)).toFixed(1),
    cpuMsLeast: +least(cpu).toFixed(2),
    cpuMsMedian: +median(cpu).toFixed(2),
  });
  const ratios = fast.cpu.map((value, round) => (direct.cpu[round] as number) / value);
  console.log(
    JSON.stringify({
      network: name,
      rows: rows.length,
      direct: of(direct),
      fast: of(fast),
      leastRatio: +(least(direct.cpu) / least(fast.cpu)).toFixed(2),
      medianRatio: +median(ratios).toFixed(2),
      greatestDifference: difference(direct.vectors, fast.vectors).toExponential(1),
      load: loadavg()[0],
    }),
  );
}

/** Bytes that look random, different in each row. */
function madeRow(length: number, row: number): Uint8Array {
  let state = row + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function difference(left: readonly Float32Array[], right: readonly Float32Array[]): number {
  let [most, greatest] = [0, 0];
  for (const [row, vector] of left.entries()) {
    for (const [index, value] of vector.entries()) {
      most = Math.max(most, Math.abs(value - (right[row]?.[index] as number)));
      greatest = Math.max(greatest, Math.abs(value));
    }
  }
  return most / greatest;
}

async function extractionsInPairs(): Promise<void> {
  const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));
  const clip = await makeClip(join(directory, 'clip-120s.mp4'), 120);
  const rates: Record<string, number[]> = { fast: [], direct: [] };
  for (let round = 0; round < Number(options.extractions); round++) {
    for (const form of convolutionForms) {
      const out = join(directory, 'convolutions');
      await rm(out, { recursive: true, force: true });
      const run = await runMeasured(process.execPath, [
        ...[program, 'extract', clip, '--out', out, '--weights', 'random:1', '--progress', 'none', '--json'],
        ...['--visual', options.visual as string, '--memory', options.memory as string, '--convolutions', form],
      ]);
      if (run.code !== 0) throw new Error(`${form}: exit ${run.code}\n${run.stderr}`);
      const summary = JSON.parse(run.stdout) as RunSummary;
      const rate = summary.frames / summary.phases.run;
      rates[form]?.push(rate);
      console.log(
        JSON.stringify({
          extraction: form,
          framesPerSecond: +rate.toFixed(1),
          wallSeconds: +run.wallSeconds.toFixed(1),
          peakMiB: Math.round(run.peakBytes / 2 ** 20),
          execution: summary.execution,
          load: loadavg()[0],
        }),
      );
    }
  }
  const { fast = [], direct = [] } = rates;
  const ratios = fast.map((rate, round) => rate / (direct[round] as number));
  if (ratios.length > 0) console.log(JSON.stringify({ extractionRatioMedian: +median(ratios).toFixed(2) }));
}

for (const name of (options.networks as string).split(',').filter((each) => each !== '')) await networkInPairs(name);
await extractionsInPairs();
