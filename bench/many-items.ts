/**
 * A dataset of many items: `node many-items.js [ITEMS] [DIR]` (default 100,000 items in a temporary directory). Makes the dataset, one row of four values
 * for each item, and the files that it is of, and then measures, each in a process of its own:
 * `resume` runs the runner over all items with nothing to do, and closes the dataset; `extract` does the same by the command's own way, with the listing of
 * the files, the plan and their hashes; `compact` writes the tables; `rebuild` opens the dataset without its index. Prints for each step
 * wall and CPU seconds, the most memory above that of the program as it starts, and the longest time in which the event loop did not turn.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { extract } from '../src/graphs/extract.ts';
import { extractionGraph } from '../src/graphs/extraction.ts';
import { graphId, unitKey } from '../src/graphs/graph.ts';
import { chooseNetworks } from '../src/graphs/networks.ts';
import { runLocally } from '../src/graphs/runners/local.ts';
import { encodeUnit } from '../src/io/dataset/arrow.ts';
import { compact } from '../src/io/dataset/compact.ts';
import { Dataset } from '../src/io/dataset/dataset.ts';
import { joinRows } from '../src/io/dataset/join.ts';
import { Flow } from '../src/operators/flow.ts';

const networks = { weights: 'random:1', audio: 'none' } as const;
const graph = extractionGraph({ ...chooseNetworks(networks), subclips: [1] });
const description = {
  graphId: graphId(graph),
  name: graph.name,
  version: graph.version,
  params: graph.params,
  models: [],
};
const idOf = (index: number) => `item-${String(index).padStart(7, '0')}`;
const contentOf = (index: number) => `not a film: ${idOf(index)}\n`;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Units that differ in their id alone have the same bytes everywhere else, but for their checksum. */
async function make(directory: string, items: number): Promise<void> {
  const out = join(directory, 'features');
  const files = join(directory, 'files');
  mkdirSync(files);
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
    const shard = join(out, 'units', key.slice(0, 2));
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

const steps: Readonly<Record<string, (directory: string, items: number) => Promise<unknown>>> = {
  make,
  resume,
  rebuild: async (directory) => {
    rmSync(join(directory, 'features/index.txt'), { force: true });
    await (await Dataset.open(join(directory, 'features'), description)).close();
  },
  compact: (directory) => compact(join(directory, 'features')),
  extract: (directory) =>
    extract({ ...networks, inputs: [join(directory, 'files')], out: join(directory, 'features'), subclips: [1] }),
};

async function measure(name: string, directory: string, items: number): Promise<void> {
  const before = process.resourceUsage();
  const started = performance.now();
  let [longest, last] = [0, performance.now()];
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    timer = setTimeout(turn, 1);
  };
  let timer = setTimeout(turn, 1);
  await steps[name]?.(directory, items);
  clearTimeout(timer);
  turn();
  clearTimeout(timer);
  const after = process.resourceUsage();
  const cpu = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
  const facts = [
    `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(9),
    `${cpu.toFixed(1)} s CPU`.padStart(13),
    `+${Math.round((after.maxRSS - before.maxRSS) / 1024)} MiB`.padStart(10),
    `longest block ${Math.round(longest)} ms`.padStart(22),
  ];
  process.stdout.write(`${name.padEnd(8)} ${facts.join('')}\n`);
}

const [first, second, third] = process.argv.slice(2);
if (first !== undefined && Object.hasOwn(steps, first)) {
  await measure(first, second as string, Number(third));
} else {
  const items = Number(first ?? 100_000);
  const directory = second ?? mkdtempSync(join(tmpdir(), 'reelflow-many-'));
  const order = ['rebuild', 'resume', 'compact', 'extract', 'extract', 'resume'];
  process.stdout.write(`${items} items\n`);
  for (const step of existsSync(join(directory, 'features')) ? order : ['make', ...order]) {
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), step, directory, String(items)], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(1);
  }
  if (second === undefined) rmSync(directory, { recursive: true, force: true });
}
