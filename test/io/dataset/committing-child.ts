import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';

// Commits the same units as every other child, in an order of its own, over and over, until it is
// killed.
const [directory, seed, units] = process.argv.slice(2) as [string, string, string];
const store = await CommitStore.open(directory);
for (let step = Number(seed); ; step += 7) {
  const index = step % Number(units);
  const key = index.toString(16).padStart(2, '0').repeat(32);
  const vector = new Float32Array(3000).fill(index);
  const place = { stream: 'visual', statistic: 'mean', subclips: 1, subclip: 0, start: 0, end: 1, count: 1 } as const;
  const result = await store.commit(key, joinRows({ itemId: `item-${index}`, rows: [{ ...place, vector }] }));
  process.stdout.write(`${result} ${index}\n`);
  if (result === 'duplicate') await new Promise((resolve) => setTimeout(resolve, 1));
}
