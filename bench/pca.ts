/**
 * PCA of N x D -> k: CPU-seconds, wall time, peak memory, and variance kept, against scikit-learn's
 * IncrementalPCA on the same rows in the same run.
 *
 *   node dist/bench/pca.js [--peer DIR] [--rows 12000] [--dimension 4096] [--components 600] [--algorithm exact] [--batches 600,1200] [--dir .bench]
 *
 * The rows are synthetic: ReLU of a mixture of 400 directions of falling variance, plus noise (the
 * recipe of the peer's ipca_bench.py, with its generator if --peer is given, otherwise with our
 * own). Another process writes them to a file first, so that generating them is not measured. Ours
 * streams them from the file, including reading; the peer, which needs its matrix in memory, loads
 * it before its clock starts, and its peak memory includes that matrix. DIR holds peerenv.py
 * (thread settings). CPU = user + system of the process while fitting; `processCpuSeconds` adds
 * start-up. `captured` = variance of all rows within the fitted axes over their total variance,
 * computed after the measurement.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fitExact } from '../src/models/pca/exact.ts';
import { type Pca, transform } from '../src/models/pca/fitted-pca.ts';
import { IncrementalPca } from '../src/models/pca/incremental.ts';
import { onnxMatMul } from '../src/models/pca/mat-mul.ts';
import { Moments } from '../src/models/pca/moments.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const options = benchOptions({
  ...{ peer: '', rows: '12000', dimension: '4096', components: '600', algorithm: 'exact', batches: '600,1200' },
  ...{ dir: '.bench', fit: '' },
});
const [rows, dimension, components] = [options.rows, options.dimension, options.components].map(Number) as [
  number,
  number,
  number,
];
const MB = 1e6;
const chunkRows = 512;

interface Fitted {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakBytes: number;
  readonly explained: number;
  readonly captured: number;
}

/** Streams the rows of a float32 file through one reused buffer. */
async function* chunksOf(path: string): AsyncGenerator<{ values: Float32Array; count: number }> {
  const file = await open(path);
  try {
    const values = new Float32Array(chunkRows * dimension);
    const bytes = new Uint8Array(values.buffer);
    for (let first = 0; first < rows; first += chunkRows) {
      const count = Math.min(chunkRows, rows - first);
      const { bytesRead } = await file.read(bytes, 0, 4 * count * dimension, 4 * first * dimension);
      if (bytesRead !== 4 * count * dimension) throw new Error(`${path} ends early`);
      yield { values, count };
    }
  } finally {
    await file.close();
  }
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Fits the file in this process, and prints its cost. */
async function fitFile(path: string): Promise<void> {
  const [started, before] = [performance.now(), cpuSeconds()];
  let [model, momentsCpu]: [Pca | undefined, number] = [undefined, 0];
  if (options.algorithm === 'incremental') {
    const pca = new IncrementalPca({ components, batchSize: Number(options.batches?.split(',')[0]) });
    for await (const { values, count } of chunksOf(path)) await pca.add(values, count);
    model = await pca.finish();
  } else {
    const moments = new Moments(dimension);
    for await (const { values, count } of chunksOf(path)) await moments.add(values, count);
    momentsCpu = cpuSeconds() - before;
    model = await fitExact(moments, { components });
  }
  const measured = {
    cpuSeconds: cpuSeconds() - before,
    momentsCpuSeconds: momentsCpu,
    processCpuSeconds: cpuSeconds(),
    wallSeconds: (performance.now() - started) / 1000,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  let within = 0;
  for await (const { values, count } of chunksOf(path)) {
    for (const value of await transform(model, values.subarray(0, count * dimension), count)) within += value * value;
  }
  const explained = model.explainedVarianceRatio.reduce((sum, ratio) => sum + ratio, 0);
  const captured = within / (rows - 1) / model.totalVariance;
  console.log(JSON.stringify({ ...measured, explained, captured }));
}

/**
 * The same recipe with our own generator (xorshift and Box-Muller): rows with about the same
 * spectrum, but not the same rows.
 */
async function generate(path: string): Promise<void> {
  let state = 3;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  const fill = (values: Float32Array) => {
    for (let at = 0; at < values.length; at += 2) {
      const radius = Math.sqrt(-2 * Math.log(uniform()));
      const angle = 2 * Math.PI * uniform();
      values[at] = radius * Math.cos(angle);
      if (at + 1 < values.length) values[at + 1] = radius * Math.sin(angle);
    }
    return values;
  };
  const mixture = fill(new Float32Array(400 * dimension));
  const file = await open(`${path}.part`, 'w');
  for (let first = 0; first < rows; first += chunkRows) {
    const count = Math.min(chunkRows, rows - first);
    const latent = fill(new Float32Array(count * 400)).map((value, at) => value / Math.sqrt(1 + (at % 400)));
    const noise = fill(new Float32Array(count * dimension));
    const values = await onnxMatMul().multiply(
      { values: latent, rows: count, columns: 400 },
      { values: mixture, rows: 400, columns: dimension },
    );
    for (let at = 0; at < values.length; at++) {
      values[at] = Math.max(0, (values[at] as number) + 0.5 * (noise[at] as number));
    }
    await file.appendFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  await file.close();
  await rename(`${path}.part`, path);
}

const python = '/usr/bin/python3';
const peerRows = `
import sys; sys.path.insert(0, sys.argv[1]); import peerenv, numpy as np
n, d = int(sys.argv[3]), int(sys.argv[4]); r = np.random.RandomState(3)
z = r.standard_normal((n, 400)).astype(np.float32) * (1.0 / np.sqrt(1 + np.arange(400))).astype(np.float32)
x = np.maximum(0, z @ r.standard_normal((400, d)).astype(np.float32) + 0.5 * r.standard_normal((n, d)).astype(np.float32))
x.astype("<f4").tofile(sys.argv[2])
`;
const peerFit = `
import sys; sys.path.insert(0, sys.argv[1]); import peerenv as pe, numpy as np, json, resource, time, sklearn
from sklearn.decomposition import IncrementalPCA
n, d, k, b = map(int, sys.argv[3:7]); x = np.fromfile(sys.argv[2], "<f4").reshape(n, d)
c, t = pe.own(), time.perf_counter(); p = IncrementalPCA(n_components=k, batch_size=b).fit(x); w, c = time.perf_counter() - t, pe.own() - c
m = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
v = sum(float((p.transform(x[s:s + 512]).astype(np.float64) ** 2).sum()) for s in range(0, n, 512)) / n
print(json.dumps(dict(cpuSeconds=c, wallSeconds=w, peakBytes=m, explained=float(p.explained_variance_ratio_.sum()), captured=v / float(p.var_.sum()), sklearn=sklearn.__version__, threads=pe.THREADS)))
`;

async function measured(command: string, args: readonly string[]): Promise<Fitted> {
  const run = await runMeasured(command, args);
  if (run.code !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout.trim().split('\n').at(-1) as string) as Fitted;
}

async function compare(): Promise<void> {
  const directory = options.dir as string;
  const peer = options.peer as string;
  await mkdir(directory, { recursive: true });
  const path = join(directory, `pca-${peer === '' ? 'own' : 'peer'}-${rows}x${dimension}.f32`);
  if (!existsSync(path)) {
    if (peer === '') await generate(path);
    else {
      execFileSync(python, ['-c', peerRows, peer, `${path}.part`, String(rows), String(dimension)]);
      await rename(`${path}.part`, path);
    }
  }
  const sizes = ['--rows', String(rows), '--dimension', String(dimension), '--components', String(components)];
  const ours = await measured(process.execPath, [
    ...[fileURLToPath(import.meta.url), '--fit', path, ...sizes],
    ...['--algorithm', options.algorithm as string, '--batches', options.batches as string],
  ]);
  const shown = (name: string, fitted: Fitted) =>
    console.log(JSON.stringify({ name, ...fitted, peakMB: Math.round(fitted.peakBytes / MB), load: loadavg()[0] }));
  shown(`reelflow ${options.algorithm}`, ours);
  if (peer === '') return;
  for (const batch of (options.batches as string).split(',')) {
    const theirs = await measured(python, [
      ...['-c', peerFit, peer, path],
      ...[rows, dimension, components].map(String),
      batch,
    ]);
    shown(`scikit-learn IncrementalPCA, batches of ${batch}`, theirs);
    console.log(
      JSON.stringify({
        batch,
        cpuRatio: +(theirs.cpuSeconds / ours.cpuSeconds).toFixed(2),
        wallRatio: +(theirs.wallSeconds / ours.wallSeconds).toFixed(2),
        memoryRatio: +(ours.peakBytes / theirs.peakBytes).toFixed(2),
        capturedMore: +(ours.captured - theirs.captured).toFixed(6),
      }),
    );
  }
}

if (options.fit === '') await compare();
else await fitFile(options.fit as string);
