/**
 * Parquet of 20,000 x 4096 float32 vectors in both encodings: MB/s of vectors and peak memory of
 * writing (10 rows at a time, as units arrive, ZSTD, fsync at the end) and of reading back through
 * `openTable` and `vectorsOf`. Every setting runs in its own process. The floor, in the same run,
 * writes the same bytes unencoded, with fsync, and reads them again.
 *
 * The vectors are SYNTHETIC, made by code to resemble features after a ReLU: about three in four
 * values are zero.
 *
 *   node dist/bench/parquet.js [--dir .bench] [--rows 20000] [--dimension 4096] [--rowGroupMiB 32]
 */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordBatch } from 'apache-arrow';
import { listColumn, recordBatch, textColumn } from '../src/io/dataset/batch-columns.ts';
import { type ParquetEncoding, ParquetWriter } from '../src/io/dataset/parquet.ts';
import { openTable } from '../src/io/dataset/table-reader.ts';
import { vectorsOf } from '../src/io/dataset/vector-column.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const BATCH_ROWS = 10;
/** Batches made before the clock starts; they are written repeatedly. */
const POOL = 64;
const MB = 1e6;
const MiB = 2 ** 20;

const options = benchOptions({
  dir: '.bench',
  rows: '20000',
  dimension: '4096',
  rowGroupMiB: '32',
  child: '',
  encoding: 'plain',
});
const directory = options.dir as string;
const rows = Number(options.rows);
const dimension = Number(options.dimension);
const bytes = rows * dimension * 4;
const encoding = options.encoding as ParquetEncoding;
const table = join(directory, `vectors-${encoding}.parquet`);
const raw = join(directory, 'vectors.raw');

/** What a child process measured. */
interface Outcome {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly fileBytes: number;
}

/** ReLU-sparse vectors from a linear congruential generator. */
function pool(): Float32Array[] {
  let state = 1;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Array.from({ length: POOL }, () =>
    Float32Array.from({ length: BATCH_ROWS * dimension }, () => {
      const normal = uniform() + uniform() + uniform() + uniform() - 2;
      return Math.max(0, normal - 0.4) * 5;
    }),
  );
}

function batchOf(values: Float32Array, first: number): RecordBatch {
  const valid = new Uint8Array(BATCH_ROWS).fill(1);
  const columns = [
    textColumn('item_id', [{ text: `item-${first}`, count: BATCH_ROWS }]),
    listColumn('visual', { dimension, values, valid }),
  ];
  return recordBatch(columns, BATCH_ROWS);
}

const children: Readonly<Record<string, () => Promise<void>>> = {
  async write() {
    const rowGroupRows = Math.floor((Number(options.rowGroupMiB) * MiB) / (4 * dimension));
    const how = { rowGroupRows, encoding, metadata: '{}', createdBy: 'reelflow bench', scalarColumns: ['item_id'] };
    const values = pool();
    await timed(table, async () => {
      const writer = await ParquetWriter.create(table, how);
      for (let row = 0; row < rows; row += BATCH_ROWS) {
        await writer.write(batchOf(values[(row / BATCH_ROWS) % POOL] as Float32Array, row));
      }
      await writer.close();
    });
  },
  async read() {
    await timed(table, async () => {
      const reader = await openTable(table, { columns: ['visual'] });
      let count = 0;
      for await (const { batch, file, firstRow } of reader.batches()) {
        count += vectorsOf(batch, 'visual', { file, firstRow }).rows;
      }
      await reader.close();
      if (count !== rows) throw new Error(`${count} rows were read of ${rows}`);
    });
  },
  async 'raw-write'() {
    const values = pool();
    await timed(raw, async () => {
      const handle = await open(raw, 'wx');
      for (let row = 0; row < rows; row += BATCH_ROWS) {
        await handle.writeFile(Buffer.from((values[(row / BATCH_ROWS) % POOL] as Float32Array).buffer));
      }
      await handle.sync();
      await handle.close();
    });
  },
  async 'raw-read'() {
    await timed(raw, async () => {
      const handle = await open(raw, 'r');
      const buffer = new Uint8Array(16 * MiB);
      while ((await handle.read(buffer)).bytesRead > 0);
      await handle.close();
    });
  },
};

async function timed(path: string, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { size: fileBytes } = await stat(path);
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / MB, fileBytes } satisfies Outcome));
}

async function measured(child: string, how: ParquetEncoding = 'plain') {
  const given = ['dir', 'rows', 'dimension', 'rowGroupMiB'].flatMap((name) => [`--${name}`, options[name] as string]);
  const program = fileURLToPath(import.meta.url);
  const run = await runMeasured(process.execPath, [program, '--child', child, '--encoding', how, ...given]);
  if (run.code !== 0) throw new Error(`${child} ${how}: exit ${run.code}\n${run.stderr}`);
  const outcome = JSON.parse(run.stdout) as Outcome;
  return { ...outcome, peakBytes: run.peakBytes, rate: bytes / MB / outcome.seconds };
}

function line(cells: readonly (string | number)[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

if (options.child !== '') {
  await children[options.child as string]?.();
} else {
  await mkdir(directory, { recursive: true });
  const files = ['plain', 'byte-stream-split'].map((name) => join(directory, `vectors-${name}.parquet`));
  for (const path of [raw, ...files]) await rm(path, { force: true });
  const floor = { write: await measured('raw-write'), read: await measured('raw-read') };
  console.log(`${rows} x ${dimension} float32 (SYNTHETIC, ReLU-sparse), ${Math.round(bytes / MB)} MB of vectors`);
  line(['what', 'MB/s', 'of the floor', 'CPU-s', 'peak MiB', 'file MB']);
  line(['---', '---', '---', '---', '---', '---']);
  const row = (what: string, result: Awaited<ReturnType<typeof measured>>, of: number) =>
    line([
      ...[what, Math.round(result.rate), (result.rate / of).toFixed(3), result.cpuSeconds.toFixed(1)],
      ...[Math.round(result.peakBytes / MiB), Math.round(result.fileBytes / MB)],
    ]);
  row('floor: raw write + fsync', floor.write, floor.write.rate);
  row('floor: raw read', floor.read, floor.read.rate);
  for (const how of ['plain', 'byte-stream-split'] as const) {
    row(`write Parquet, ${how}`, await measured('write', how), floor.write.rate);
    row(`read Parquet, ${how}`, await measured('read', how), floor.read.rate);
  }
  for (const path of [raw, ...files]) await rm(path, { force: true });
}
