/**
 * Does the memory limit hold? Peak memory of the process and its decoders together, sampled from
 * outside every 50 ms, for a short, a medium and a long input (the same clip looped), with AlexNet
 * and VGGish under 1 GiB, with AlexNet alone under 512 MiB, and with a consumer slowed to one frame
 * per second, stopped after 120 s.
 *
 *   node dist/bench/memory.js [--dir .bench] [--lengths 10,120,3600] [--slow 120]
 */
import { rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../src/graphs/run-summary.ts';
import { benchOptions, loopClip, makeClip } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const options = benchOptions({ dir: '.bench', lengths: '10,120,3600', slow: '120', only: '' });
const directory = options.dir as string;
const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));
const MiB = 2 ** 20;
const clip = await makeClip(join(directory, 'clip-120s.mp4'), 120);

const settings = [
  { name: 'alexnet+vggish, 1 GiB', args: ['--memory', '1GiB'], limit: 1024 },
  { name: 'alexnet, 512 MiB', args: ['--memory', '512MiB', '--audio', 'none'], limit: 512 },
].filter(({ name }) => name.includes(options.only ?? ''));

for (const { name, args, limit } of settings) {
  const peaks: number[] = [];
  for (const seconds of (options.lengths ?? '').split(',').map(Number)) {
    const input = seconds === 120 ? clip : await loopClip(join(directory, `loop-${seconds}s.mp4`), clip, seconds);
    const out = join(directory, 'memory');
    await rm(out, { recursive: true, force: true });
    const run = await runMeasured(process.execPath, [
      ...[program, 'extract', input, '--out', out, '--weights', 'random:1', '--progress', 'none', '--json', ...args],
    ]);
    if (run.code !== 0) throw new Error(`${name}, ${seconds} s: exit ${run.code}\n${run.stderr}`);
    const summary = JSON.parse(run.stdout) as RunSummary;
    peaks.push(run.peakBytes);
    console.log(
      JSON.stringify({
        setting: name,
        inputSeconds: seconds,
        limitMiB: limit,
        peakMiB: Math.round(run.peakBytes / MiB),
        ownPeakMiB: Math.round(summary.memory.peakRssBytes / MiB),
        heldMiB: +(summary.memory.peakHeldBytes / MiB).toFixed(1),
        budgetMiB: Math.round(summary.memory.budgetBytes / MiB),
        holds: run.peakBytes <= limit * MiB && summary.memory.peakHeldBytes <= summary.memory.budgetBytes,
        framesPerSecond: Math.round(summary.frames / summary.phases.run),
        execution: summary.execution,
        load: loadavg()[0],
      }),
    );
  }
  console.log(JSON.stringify({ setting: name, spread: +(Math.max(...peaks) / Math.min(...peaks) - 1).toFixed(3) }));
}

if (Number(options.slow) > 0) {
  const consumer = fileURLToPath(new URL('./slow-consumer.js', import.meta.url));
  const run = await runMeasured(process.execPath, [consumer, clip, '1GiB'], { stopAfter: Number(options.slow) });
  console.log(
    JSON.stringify({
      setting: 'consumer of 1 frame/s',
      peakMiB: Math.round(run.peakBytes / MiB),
      ...JSON.parse(run.stdout),
    }),
  );
}
