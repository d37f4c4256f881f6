/**
 * A dataset of many items: `node many-items.js [ITEMS] [DIR]` (default 100,000 items in a temporary
 * directory). Makes the dataset, with one row of four values for each item, and the files that it
 * refers to, and the same with ten items. Then it measures, each in its own process: `floor` asks
 * the system once for every file and every unit, and does nothing with the answers; `rebuild` opens
 * the dataset without its index; `resume` runs the runner over all items with nothing to do, and
 * closes the dataset; `compact` writes the tables; `extract` is the whole command, which on its
 * first run reads the files for their hashes, and `again` is the same with nothing to do. For each
 * step it prints wall seconds, CPU seconds (including processes that it started), how many times
 * the floor's these are, the peak memory (proportional set size, from outside) above that of the
 * same step over ten items, the longest time without a turn of the event loop, and for how much of
 * it the thread had a core.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { chooseNetworks } from '../src/graphs/choose-networks.ts';
import { extractionGraph } from '../src/graphs/extraction.ts';
import { graphId, unitKey } from '../src/graphs/graph.ts';
import { runLocally } from '../src/graphs/runners/local.ts';
import { encodeUnit } from '../src/io/dataset/arrow.ts';
import { compact } from '../src/io/dataset/compact.ts';
import { Dataset } from '../src/io/dataset/dataset.ts';
import { joinRows } from '../src/io/dataset/join.ts';
import { partPath } from '../src/io/dataset/layout.ts';
import { Flow } from '../src/operators/flow.ts';
import { LoopWatch } from './loop-watch.ts';
import { runMeasured } from './run-measured.ts';

const networks = { weights: 'random:1', audio: 'none' } as const;
const graph = extractionGraph({ ...chooseNetworks(networks), subclips: [1] });
const description = {
  graphId: graphId(graph),
  name: graph.name,
  version: graph.version,
  params: graph.params,
  models: [],
};
/** Items of the small dataset, whose memory is subtracted. */
const FEW = 10;
const idOf = (index: number) => `item-${String(index).padStart(7, '0')}`;
const contentOf = (index: number) => `not a film: ${idOf(index)}\n`;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Units that differ only in their id have the same bytes elsewhere, except for their checksum.
 */
async function make(directory: string, items: number): Promise<void> {
  const out = join(directory, 'features');
  const files = join(directory, 'files');
  mkdirSync(files, { recursive: true });
  await (await Dataset.open(out, description)).close();
  const id = idOf(0);
  const row = { stream: 'visual', statistic: 'mean', subclips: 1, subclip: 0, start: 0, end: 1, count: 1 } as const;
  const metadata = { graph: description.graphId, models: '[]' };
  const unit = joinRows({ itemId: id, seconds: 1, rows: [{ ...row, vector: Float32Array.of(1, 2, 3, 4) }], metadata });
  const bytes = Buffer.from(encodeUnit(unit));
  const seal = bytes.lastIndexOf('reelflow-unit-crc32=') + 'reelflow-unit-crc32='.length;
  const places: number[] = [];
  for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1)) places.push(at);
  for (let index = 0; index < items; index += 1) {
    for (const place of places) bytes.write(idOf(index), place, 'latin1');
    bytes.write('00000000', seal, 'latin1');
    bytes.write(crc32(bytes).toString(16).padStart(8, '0'), seal, 'latin1');
    const key = unitKey(description.graphId, idOf(index), hashOf(contentOf(index)));
    const shard = join(out, '_units', key.slice(0, 2));
    if (!existsSync(shard)) mkdirSync(shard);
    writeFileSync(join(shard, `${key}.arrow`), bytes);
    writeFileSync(join(files, `${idOf(index)}.mp4`), contentOf(index));
  }
}

async function resume(directory: string, items: number): Promise<void> {
  const dataset = await Dataset.open(join(directory, 'features'), description);
  let done = 0;
  await runLocally<number, null>({
    graph: { ...graph, itemId: idOf, prepare: never, unit: never },
    items: Array.from({ length: items }, (_, index) => index),
    store: dataset.store,
    fingerprint: async (index) => hashOf(contentOf(index)),
    knownFingerprint: (index) => hashOf(contentOf(index)),
    flow: new Flow('64MiB'),
    services: async () => null,
    concurrency: 2,
    operators: { before: [], commit: 'commit' },
    onEvent: ({ type }) => {
      if (type === 'already-done') done += 1;
    },
  });
  await dataset.close();
  if (done !== items) throw new Error(`${done} of ${items} were done`);
}

function never(): never {
  throw new Error('nothing is to be computed');
}

/** Reads the status of every file and every unit. */
async function floor(directory: string): Promise<void> {
  const units = partPath(join(directory, 'features'), 'units');
  for (const folder of [join(directory, 'files'), ...readdirSync(units).map((shard) => join(units, shard))]) {
    for (const name of readdirSync(folder)) statSync(`${folder}/${name}`, { bigint: true });
  }
}

/** The program itself, in this process. */
async function command(directory: string): Promise<void> {
  const options = ['--out', join(directory, 'features'), '--weights', networks.weights, '--audio', networks.audio];
  process.argv.splice(2, process.argv.length, 'extract', join(directory, 'files'), ...options, '--subclips', '1');
  await import('../bin/reelflow.ts');
}

const steps: Readonly<Record<string, (directory: string, items: number) => Promise<unknown>>> = {
  make,
  floor,
  rebuild: async (directory) => {
    rmSync(partPath(join(directory, 'features'), 'index'), { force: true });
    await (await Dataset.open(join(directory, 'features'), description)).close();
  },
  resume,
  compact: (directory) => compact(join(directory, 'features')),
  extract: command,
  again: command,
};

/** What a step reports about itself, in the last line of its standard error. */
interface Own {
  readonly cpuSeconds: number;
  readonly block: { readonly wall: number; readonly onCore: number };
}

/** User and system time of this process and of those that it has waited for. */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

async function runStep(name: string, directory: string, items: number): Promise<void> {
  const watch = new LoopWatch();
  await steps[name]?.(directory, items);
  const own: Own = { block: watch.stop(), cpuSeconds: cpuSeconds() };
  process.stderr.write(`\n${JSON.stringify(own)}`);
}

async function measured(step: string, directory: string, items: number) {
  const { code, stdout, stderr, ...rest } = await runMeasured(process.execPath, [
    fileURLToPath(import.meta.url),
    step,
    directory,
    String(items),
  ]);
  if (code !== 0) throw new Error(`${step}: ${stdout}${stderr}`);
  return { ...rest, ...(JSON.parse(stderr.slice(stderr.lastIndexOf('\n'))) as Own) };
}

async function report(directory: string, items: number): Promise<void> {
  const few = join(directory, 'few');
  process.stdout.write(`${items} items, load ${loadavg()[0]?.toFixed(1)} before\n`);
  if (!existsSync(join(directory, 'features'))) {
    await measured('make', directory, items);
    await measured('make', few, FEW);
  }
  let least = 0;
  for (const step of ['floor', 'rebuild', 'resume', 'compact', 'extract', 'again', 'resume', 'compact']) {
    const base = await measured(step, few, FEW);
    const { wallSeconds, cpuSeconds, peakBytes, block } = await measured(step, directory, items);
    if (step === 'floor') least = cpuSeconds - base.cpuSeconds;
    const facts = [
      `${wallSeconds.toFixed(1)} s`.padStart(9),
      `${cpuSeconds.toFixed(1)} s CPU (${base.cpuSeconds.toFixed(1)} for ${FEW})`.padStart(25),
      `${((cpuSeconds - base.cpuSeconds) / least).toFixed(1)} floors`.padStart(13),
      `${((peakBytes - base.peakBytes) / 2 ** 20).toFixed(0)} MiB more`.padStart(14),
      `longest block ${block.wall.toFixed(0)} ms, ${block.onCore.toFixed(0)} ms on a core`.padStart(42),
    ];
    process.stdout.write(`${step.padEnd(8)} ${facts.join('')}   load ${loadavg()[0]?.toFixed(1)}\n`);
  }
}

const [first, second, third] = process.argv.slice(2);
if (first !== undefined && Object.hasOwn(steps, first)) {
  await runStep(first, second as string, Number(third));
} else {
  const directory = second ?? mkdtempSync(join(tmpdir(), 'reelflow-many-'));
  await report(directory, Number(first ?? 100_000));
  if (second === undefined) rmSync(directory, { recursive: true, force: true });
}
