/**
 * Compares with a tuned Python pipeline for the same job (PyTorch, ffmpeg, NumPy), in one run: the
 * same rows for all four statistics, frames per second, and peak memory of each process tree,
 * sampled from outside in the same way.
 *
 *   node dist/bench/peer.js --peer DIR [--corpus full] [--rows mini|none] [--rounds 3] [--memory 1200MiB]
 *
 * DIR holds pipeline.py, its models/, corpus/ and network cards.
 */
import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../src/graphs/run-summary.ts';
import { CommitStore } from '../src/io/dataset/commit-store.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';
import { scratchDirectory } from './scratch.ts';

const options = benchOptions({ peer: '', corpus: 'full', rounds: '3', memory: '1200MiB', rows: 'mini' });
const peer = options.peer as string;
const corpusOf = (name: string) => join(peer, 'corpus', name);
const full = options.corpus as string;
const rows = options.rows as string;
const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));
const scratch = scratchDirectory('peer');
const MiB = 2 ** 20;

const ours = (corpus: string, out: string, more: readonly string[]) =>
  runMeasured(process.execPath, [
    ...[program, 'extract', corpusOf(corpus), '--out', out, '--visual', join(peer, 'alexnet.card.json')],
    ...['--audio', join(peer, 'vggish.card.json'), '--memory', options.memory as string],
    ...['--progress', 'none', '--json', ...more],
  ]);
const theirs = (corpus: string, report: string, more: readonly string[]) =>
  runMeasured('/usr/bin/python3', [
    ...[
      join(peer, 'pipeline.py'),
      corpusOf(corpus),
      '--subclips',
      '10',
      '--no-pca',
      '--quiet',
      '--report',
      report,
      ...more,
    ],
  ]);

/** The peer's arrays as float32: `{ names, video, audio }`. */
function readPeer(path: string) {
  const script =
    'import numpy as np,sys,json;z=np.load(sys.argv[1]);' +
    '[z[k].astype("<f4").tofile(sys.argv[1]+"."+k) for k in ("video","audio")];' +
    'print(json.dumps({"names":z["names"].tolist(),"video":z["video"].shape,"audio":z["audio"].shape}))';
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', script, path], { encoding: 'utf8' })) as {
    names: string[];
    video: [number, number, number];
    audio: [number, number, number];
  };
}

async function compareRows(): Promise<void> {
  const statistics = ['mean', 'meanvar', 'median', 'medmad'] as const;
  const out = join(scratch, 'rows');
  const run = await ours(rows, out, ['--aggregate', statistics.join(','), '--no-compact', '--memory', '3GiB']);
  if (run.code !== 0) throw new Error(run.stderr);
  const store = await CommitStore.open(out, { create: false });
  const units = new Map<string, Awaited<ReturnType<CommitStore['read']>>>();
  for (const key of await store.keys()) {
    const unit = await store.read(key);
    units.set(unit.itemId, unit);
  }
  for (const statistic of statistics) {
    const file = join(scratch, `${statistic}.npz`);
    const ran = await theirs(rows, join(scratch, 'rows.json'), [
      '--agg',
      statistic === 'meanvar' ? 'avgvar' : statistic,
      '--out',
      file,
    ]);
    if (ran.code !== 0) throw new Error(ran.stderr);
    const shapes = readPeer(file);
    for (const [stream, key] of [
      ['visual', 'video'],
      ['audio', 'audio'],
    ] as const) {
      const raw = await readFile(`${file}.${key}`);
      const values = new Float32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
      const [, subclips, dimension] = shapes[key];
      let worst = 0;
      for (const [index, name] of shapes.names.entries()) {
        const unit = units.get(name.replace(/\.[^.]+$/, ''));
        const column = unit?.columns.find((entry) => entry.stream === stream && entry.statistic === statistic);
        if (column === undefined || column.dimension !== dimension)
          throw new Error(`no column for ${name} ${stream} ${statistic}`);
        for (let row = 0; row < subclips; row++) {
          const at = (index * subclips + row) * dimension;
          let [largest, difference] = [0, 0];
          for (let i = 0; i < dimension; i++) {
            largest = Math.max(largest, Math.abs(values[at + i] as number));
            difference = Math.max(
              difference,
              Math.abs((values[at + i] as number) - (column.values[row * dimension + i] as number)),
            );
          }
          worst = Math.max(worst, difference / Math.max(largest, 1e-30));
        }
      }
      console.log(
        JSON.stringify({ rows: `${stream} ${statistic}`, worstRelativeToRowMaximum: worst, same: worst <= 1e-3 }),
      );
    }
  }
}

async function compareSpeed(): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const report = join(scratch, 'speed.json');
    const python = await theirs(full, report, ['--agg', 'mean']);
    if (python.code !== 0) throw new Error(python.stderr);
    const peerFigures = JSON.parse(await readFile(report, 'utf8')) as {
      frames_per_s: number;
      foreign_cpu_s: number;
      cpu_s: number;
    };
    const out = join(scratch, 'speed');
    await rm(out, { recursive: true, force: true });
    const run = await ours(full, out, ['--aggregate', 'mean']);
    if (run.code !== 0) throw new Error(run.stderr);
    const summary = JSON.parse(run.stdout) as RunSummary;
    const framesPerSecond = summary.frames / summary.phases.run;
    ratios.push(framesPerSecond / peerFigures.frames_per_s);
    console.log(
      JSON.stringify({
        ours: { framesPerSecond, peakMiB: Math.round(run.peakBytes / MiB), execution: summary.execution },
        peer: {
          framesPerSecond: peerFigures.frames_per_s,
          peakMiB: Math.round(python.peakBytes / MiB),
          foreignCpu: peerFigures.foreign_cpu_s,
        },
        ratio: framesPerSecond / peerFigures.frames_per_s,
        operators: summary.operators.map(({ name, busySeconds, blockedSeconds, starvedSeconds, batchFill }) => ({
          name,
          busySeconds,
          blockedSeconds,
          starvedSeconds,
          batchFill,
        })),
        load: loadavg()[0],
      }),
    );
  }
  ratios.sort((a, b) => a - b);
  console.log(JSON.stringify({ medianRatio: ratios[Math.floor(ratios.length / 2)] }));
}

if (rows !== 'none') await compareRows();
if (Number(options.rounds) > 0) await compareSpeed();
await rm(scratch, { recursive: true, force: true });
