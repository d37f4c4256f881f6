/**
 * What recognising a frame costs; what computing equal frames only once gains on a clip with still
 * slides, and what looking for them costs on a clip without equal frames: extractions with and
 * without, alternating in one run. Frames per second in the steady state, without session creation.
 *
 *   node dist/bench/duplicates.js [--seconds 48] [--dir .bench] [--memory 1GiB] [--repeat 2] [--fps native] [--only slides|noise]
 *
 * RANDOM weights: the time of a network does not depend on their values.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from '../src/graphs/extract.ts';
import { byteDigest, sampledFingerprint } from '../src/operators/element-fingerprint.ts';
import { type RepeatedFrames, repeatedFrameRules } from '../src/operators/embed.ts';
import { benchOptions, makeClip, makeSlides } from './clips.ts';

const options = benchOptions({ seconds: '48', dir: '.bench', memory: '1GiB', repeat: '2', fps: 'native', only: '' });
const seconds = Number(options.seconds);
const directory = options.dir as string;

/** One extraction, and a hash over the features it wrote. */
async function run(clip: string, repeatedFrames: RepeatedFrames) {
  const out = join(directory, `duplicates-${repeatedFrames}`);
  await rm(out, { recursive: true, force: true });
  const before = process.cpuUsage();
  const summary = await extract({
    inputs: [clip],
    out,
    audio: 'none',
    weights: 'random:1',
    memory: options.memory as string,
    compact: false,
    repeatedFrames,
    fps: options.fps === 'native' ? 'native' : Number(options.fps),
  });
  const { user, system } = process.cpuUsage(before);
  const hash = createHash('sha256');
  for (const file of (readdirSync(join(out, '_units'), { recursive: true }) as string[]).sort()) {
    if (file.endsWith('.arrow')) hash.update(readFileSync(join(out, '_units', file)));
  }
  await rm(out, { recursive: true, force: true });
  return { summary, cpuSeconds: (user + system) / 1e6, features: hash.digest('hex').slice(0, 12) };
}

/** CPU time of recognising one frame: the minimum of five rounds, in milliseconds. */
function milliseconds(work: () => void): string {
  const rounds = Array.from({ length: 5 }, () => {
    const started = performance.now();
    for (let count = 0; count < 500; count++) work();
    return (performance.now() - started) / 500;
  });
  return Math.min(...rounds).toFixed(4);
}

const frame = new Uint8Array(224 * 224 * 3).map((_, index) => (index * 2654435761) >>> 24);
const copy = Buffer.from(frame);
console.log(
  `one frame of ${frame.length} bytes: fingerprint ${milliseconds(() => sampledFingerprint(frame))} ms, SHA-256 ${milliseconds(() => byteDigest(frame))} ms, comparison of all bytes ${milliseconds(() => copy.equals(frame))} ms`,
);

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const clips = [
  { name: 'slides', clip: () => makeSlides(join(directory, `slides-${seconds}s.mp4`), seconds) },
  { name: 'noise', clip: () => makeClip(join(directory, `clip-${seconds}s.mp4`), seconds) },
].filter(({ name }) => options.only === '' || options.only === name);

for (const { name, clip } of clips) {
  const path = await clip();
  const figures = new Map(repeatedFrameRules.map((each) => [each, { wall: [] as number[], cpu: [] as number[] }]));
  const features = new Set<string>();
  let share = 0;
  let frames = 0;
  for (let round = 0; round < Number(options.repeat); round++) {
    for (const duplicates of round % 2 === 0 ? repeatedFrameRules : repeatedFrameRules.toReversed()) {
      const { summary, cpuSeconds, features: hash } = await run(path, duplicates);
      figures.get(duplicates)?.wall.push(summary.phases.run);
      figures.get(duplicates)?.cpu.push(cpuSeconds);
      features.add(hash);
      frames = summary.frames;
      if (duplicates === 'once') share = summary.duplicates.frames / summary.frames;
    }
  }
  console.log(
    `${name}: ${frames} frames, ${(100 * share).toFixed(1)} % duplicates, features ${features.size === 1 ? 'bit-identical' : 'DIFFERENT'}`,
  );
  for (const [duplicates, { wall, cpu }] of figures) {
    const rate = frames / median(wall);
    console.log(
      `  ${duplicates.padEnd(8)} ${median(wall).toFixed(2)} s, ${rate.toFixed(0)} frames/s, ${median(cpu).toFixed(2)} CPU-s of this process  (runs: ${wall.map((each) => each.toFixed(2)).join(', ')})`,
    );
  }
}
