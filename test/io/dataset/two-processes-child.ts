/**
 * One of several processes on one dataset: `node two-processes-child.js DIR WHAT FIRST COUNT`.
 * `work` commits units FIRST to FIRST + COUNT - 1, closes the dataset and compacts it; `raise`
 * raises their letters; `aside` asks for their facts. Prints what `_dataset.json` says at its end,
 * and waits for a line on its standard input before it begins.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';

const [directory = '', what = '', first = '0', count = '0'] = process.argv.slice(2);
const dataset = await Dataset.open(directory, { graphId: 'g1', name: 'extraction', params: {}, models: [] });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
let done = 0;
for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
  const key = createHash('sha256').update(String(index)).digest('hex');
  if (what === 'raise') done += await dataset.store.retry([key]);
  else if (what === 'aside') done += (await dataset.store.facts(key)) === undefined ? 1 : 0;
  else await dataset.store.commit(key, unitOf(`item-${index}`));
}
await dataset.close();
if (what === 'work') await compact(directory);
const { counts, tables } = readDatasetFile(directory);
process.stdout.write(`${JSON.stringify({ videos: counts.videos, items: tables[0]?.items ?? 0, done })}\n`);

function unitOf(itemId: string) {
  const row = { stream: 'visual', statistic: 'mean', subclips: 1, subclip: 0, start: 0, end: 1, count: 1 } as const;
  return joinRows({ itemId, seconds: 1, rows: [{ ...row, vector: new Float32Array(64).fill(1) }] });
}
