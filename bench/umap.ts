/**
 * The layout of `analyze` on many rows: CPU seconds, peak memory of the process, and how faithful
 * the layout is. Each size runs in its own process.
 *
 *   node dist/bench/umap.js [--rows 5000,20000,120000] [--dimension 600] [--save DIR]
 *   python3 bench/umap-reference.py DIR/5000
 *
 * Rows are synthetic: 40 groups of normal values around different centres, in 20 directions of the
 * space, with noise in all directions.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomIntegers } from '../src/core/random-integers.ts';
import { faithfulness } from '../src/models/analysis/faithfulness.ts';
import { leadingComponents } from '../src/models/analysis/leading-components.ts';
import { umap } from '../src/models/analysis/umap.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const MiB = 2 ** 20;
const GROUPS = 40;
const INNER = 20;
const ASKED = 300;
const options = benchOptions({ rows: '5000,20000,120000', dimension: '600', alone: '', save: '' });
const dimension = Number(options.dimension);

/** Normal values (Box and Muller) determined by a text. */
function normals(text: string): () => number {
  const next = randomIntegers(text);
  const share = () => ((next() >>> 0) + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(share())) * Math.cos(2 * Math.PI * share());
}

function syntheticRows(count: number): Float32Array {
  const draw = normals('reelflow-bench-umap-1');
  const centres = Float64Array.from({ length: GROUPS * INNER }, () => 1.2 * draw());
  const directions = Float64Array.from({ length: INNER * dimension }, () => draw() / Math.sqrt(dimension));
  const values = new Float32Array(count * dimension);
  const place = new Float64Array(INNER);
  for (let row = 0; row < count; row++) {
    const group = row % GROUPS;
    for (let axis = 0; axis < INNER; axis++) place[axis] = (centres[group * INNER + axis] as number) + draw();
    for (let column = 0; column < dimension; column++) {
      let sum = 0.02 * draw();
      for (let axis = 0; axis < INNER; axis++) {
        sum += (place[axis] as number) * (directions[axis * dimension + column] as number);
      }
      values[row * dimension + column] = sum;
    }
  }
  return values;
}

async function layOutAlone(count: number): Promise<object> {
  const points = { values: syntheticRows(count), count, dimension };
  const start = process.cpuUsage();
  const since = () => {
    const { user, system } = process.cpuUsage(start);
    return +((user + system) / 1e6).toFixed(1);
  };
  const space = await leadingComponents(points);
  const components = since();
  console.error(`${count} rows: components after ${components} CPU s`);
  const coarse = dimension > (space?.points.dimension ?? dimension) ? space?.points : undefined;
  let neighbours = 0;
  const { points: plane, parts } = await umap(points, {
    coarse,
    onEpoch: (epoch, epochs) => {
      if (neighbours === 0) neighbours = since();
      console.error(`${count} rows: epoch ${epoch} of ${epochs} after ${since()} CPU s`);
    },
  });
  const whole = since();
  const asked = Int32Array.from({ length: ASKED }, (_, at) => Math.floor((at * count) / ASKED));
  const { trustworthiness, continuity } = await faithfulness(points, plane, asked, 15);
  if (options.save !== '') save(points.values, plane.values);
  return {
    rows: count,
    'components CPU s': components,
    'neighbours and start CPU s': +(neighbours - components).toFixed(1),
    'epochs CPU s': +(whole - neighbours).toFixed(1),
    parts,
    [`trustworthiness (${ASKED} rows asked)`]: +trustworthiness.toFixed(3),
    continuity: +continuity.toFixed(3),
  };
}

/** The rows and their layout, for umap-reference.py. */
function save(rows: Float32Array, plane: Float32Array | Float64Array): void {
  const directory = join(options.save as string, options.alone as string);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'rows.f32'), rows);
  writeFileSync(join(directory, 'plane.f64'), plane);
  writeFileSync(join(directory, 'shape.json'), JSON.stringify({ dimension }));
}

if (options.alone) console.log(JSON.stringify(await layOutAlone(Number(options.alone))));
else {
  for (const rows of (options.rows as string).split(',')) {
    const args = [fileURLToPath(import.meta.url), '--alone', rows, '--dimension', String(dimension)];
    if (options.save !== '') args.push('--save', options.save as string);
    const { code, stdout, peakBytes } = await runMeasured(process.execPath, args, { inheritErrors: true });
    if (code !== 0) throw new Error(`${rows} rows: exit code ${code}`);
    console.log({ ...JSON.parse(stdout), dimension, 'peak MiB': Math.round(peakBytes / MiB) });
  }
}
