/**
 * Does the memory limit hold if the sample reveals little? Peak memory of the process tree, sampled
 * from outside every 50 ms, compared with `--memory`: a clip of 7680 x 4320 that is not among the
 * 32 probed items, key frames, a variable frame rate, and networks with operations of many kinds. A
 * run that is refused before anything is decoded also passes; for items that do not fit, the
 * letters are printed.
 *
 *   node dist/bench/memory-cases.js [--dir .bench] [--only 8K] [--items 40]
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../src/graphs/run-summary.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { benchOptions } from './clips.ts';
import { writeQuarters } from './faults/networks.ts';
import { writeWideNetworks } from './faults/wide-networks.ts';
import { runMeasured } from './run-measured.ts';

const options = benchOptions({ dir: '.bench', only: '', items: '40' });
const directory = join(options.dir as string, 'memory-cases');
const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));
const MiB = 2 ** 20;
mkdirSync(directory, { recursive: true });

/** Makes a clip with ffmpeg unless it already exists. */
async function made(name: string, args: readonly string[]): Promise<string> {
  const path = join(directory, name);
  if (existsSync(path)) return path;
  const { code, stderr } = await runMeasured(findFfmpeg().path, ['-v', 'error', '-y', ...args, path]);
  if (code !== 0) throw new Error(`${name}: ${stderr}`);
  return path;
}

const source = (size: string, rate: number) => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}`];
const sine = ['-f', 'lavfi', '-i', 'sine=r=44100'];
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '10', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
const small = await made('small.mp4', [...source('320x180', 25), ...sine, '-t', '4', ...x264]);
const large = await made('8k.mp4', [...source('7680x4320', 5), ...sine, '-t', '2', ...x264]);
// Ten pictures per second, then two hundred.
const bursts = ['-vf', "setpts='if(lt(N,100),N/10,10+(N-100)/200)/TB'", '-fps_mode', 'vfr'];
const variable = await made('variable.mp4', [...source('640x360', 50), '-t', '30', ...bursts, ...x264]);

/** The given number of small clips, and among them a large one that is not one of the 32 probed. */
function corpus(): string {
  const folder = join(directory, 'corpus');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const items = Number(options.items);
  for (let index = 0; index < items; index += 1) {
    const path = join(folder, `clip-${String(index).padStart(3, '0')}.mp4`);
    // Evenly spaced items are probed: of 40, those at 0, 1, 2, 3, 5, ...
    copyFileSync(index === 4 ? large : small, path);
  }
  return folder;
}

const networks = join(directory, 'networks');
rmSync(networks, { recursive: true, force: true });
mkdirSync(networks);
const quarters = writeQuarters(networks);
const many = corpus();
const alone = ['--visual', quarters, '--audio', 'none'];
const cases: {
  readonly name: string;
  readonly input: string;
  readonly limit: string;
  readonly args: readonly string[];
}[] = [
  { name: '8K unprobed', input: many, limit: '300MiB', args: [...alone] },
  { name: '8K unprobed, key frames', input: many, limit: '300MiB', args: [...alone, '--fps', 'keyframes'] },
  { name: '8K unprobed', input: many, limit: '20GiB', args: [...alone] },
  { name: '8K alone', input: large, limit: '1GiB', args: [...alone] },
  { name: 'variable frame rate', input: variable, limit: '300MiB', args: [...alone] },
  ...writeWideNetworks(networks).map(({ operator, card }) => ({
    name: `network with ${operator}`,
    input: small,
    limit: '512MiB',
    args: ['--visual', card, '--audio', 'none'],
  })),
];

console.log(['case', 'limit', 'peak MiB', 'holds', 'committed', 'dead', 'load', 'refused or dead because'].join('\t'));
for (const { name, input, limit, args } of cases.filter((each) => each.name.includes(options.only ?? ''))) {
  const out = join(directory, 'out');
  rmSync(out, { recursive: true, force: true });
  const run = await runMeasured(process.execPath, [
    ...[program, 'extract', input, '--out', out, '--memory', limit, '--progress', 'none', '--json', ...args],
  ]);
  const [, amount, unit] = /^(\d+)(MiB|GiB)$/.exec(limit) as unknown as [string, string, string];
  const holds = run.peakBytes <= Number(amount) * (unit === 'GiB' ? 1024 : 1) * MiB;
  const summary = run.stdout.startsWith('{') ? (JSON.parse(run.stdout) as RunSummary) : undefined;
  const why = summary?.dead.map(({ message }) => message).join('; ') ?? run.stderr.trim().split('\n').at(-1);
  const peak = Math.round(run.peakBytes / MiB);
  const counts = [summary?.videos?.committed ?? '-', summary?.videos?.dead ?? '-'];
  console.log([name, limit, peak, holds, ...counts, loadavg()[0]?.toFixed(1), why].join('\t'));
}
