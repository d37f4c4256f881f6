/**
 * Reading ratings: CPU, wall and peak memory of `readRatings` over a synthetic file of MovieLens
 * 20M's shape, of `analyze --ratings` over it, and of the floor in the same run: the same bytes
 * read through the same buffer, counting newlines. Each runs in its own process.
 *
 *   node dist/bench/ratings.js [--ratings 20000000] [--dir .bench] [--keep] [--json]
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { analyseRatings } from '../src/graphs/analysis/analyse-ratings.ts';
import { ratingsPage } from '../src/graphs/analysis/ratings-page.ts';
import { readRatings } from '../src/io/ratings/read-ratings.ts';

const USERS = 138_493;
const ITEMS = 26_744;

interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakBytes: number;
  readonly count: number;
}

/** Ratings by ascending user, with ascending items for each user, as in MovieLens. */
async function makeFile(path: string, ratings: number): Promise<void> {
  const file = createWriteStream(`${path}.part`);
  const write = async (text: string) => {
    if (!file.write(text)) await once(file, 'drain');
  };
  await write('userId,movieId,rating,timestamp\n');
  let state = 1;
  const random = (below: number) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
  let [left, piece] = [ratings, ''];
  for (let user = 1; left > 0; user += 1) {
    const own = Math.min(left, Math.ceil(left / Math.max(1, USERS - user + 1)));
    const stride = Math.max(1, Math.floor(ITEMS / own));
    for (let index = 0, item = 1 + random(stride); index < own; index += 1, item += 1 + random(stride)) {
      // Ids of the newer movies are above 100,000, as in MovieLens.
      piece += `${user},${item < ITEMS / 2 ? item : item + 90_000},${(1 + random(10)) / 2},${1_000_000_000 + random(4e8)}\n`;
    }
    left -= own;
    if (piece.length > 1 << 20) {
      await write(piece);
      piece = '';
    }
  }
  await write(piece);
  await new Promise<void>((resolve, reject) => file.end((error?: Error | null) => (error ? reject(error) : resolve())));
  await rename(`${path}.part`, path);
}

/** A MovieLens directory around the file, whose movies have years and two genres each. */
async function makeMovieLens(path: string): Promise<string> {
  const directory = `${path}.movielens`;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await symlink(resolve(path), join(directory, 'ratings.csv'));
  const lines = Array.from({ length: ITEMS }, (_, item) => {
    const id = item < ITEMS / 2 ? item : item + 90_000;
    return `${id},Movie ${id} (${1930 + (item % 90)}),Genre ${item % 19}|Genre ${(item * 7 + 1) % 19}`;
  });
  await writeFile(join(directory, 'movies.csv'), `movieId,title,genres\n${lines.join('\n')}\n`);
  return directory;
}

async function countNewlines(path: string): Promise<number> {
  const file = await open(path);
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  let count = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
    for (let at = 0; at < bytesRead; at += 1) if (buffer[at] === 10) count += 1;
  }
  await file.close();
  return count;
}

async function measured(work: () => Promise<number>): Promise<Cost> {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const count = await work();
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - started) / 1000, peakBytes, count };
}

function inOwnProcess(part: string, path: string): Cost {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--part', part, '--file', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${part} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout) as Cost;
}

const { values: options } = parseArgs({
  options: {
    ratings: { type: 'string', default: '20000000' },
    dir: { type: 'string', default: '.bench' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    part: { type: 'string' },
    file: { type: 'string', default: '' },
  },
});

if (options.part === 'floor') console.log(JSON.stringify(await measured(() => countNewlines(options.file))));
else if (options.part === 'read') {
  const load = async () => (await readRatings(options.file)).ratings.values.length;
  console.log(JSON.stringify(await measured(load)));
} else if (options.part === 'analyse') {
  const analyse = async () => {
    const analysis = await analyseRatings(options.file);
    ratingsPage(analysis);
    return analysis.ratings;
  };
  console.log(JSON.stringify(await measured(analyse)));
} else {
  const path = join(options.dir, `ratings-${options.ratings}.csv`);
  await mkdir(options.dir, { recursive: true });
  if (!existsSync(path)) await makeFile(path, Number(options.ratings));
  const { size } = await stat(path);
  // The floor comes first: it also brings the file into the page cache.
  const [floor, read] = [inOwnProcess('floor', path), inOwnProcess('read', path)];
  const directory = await makeMovieLens(path);
  const analyse = inOwnProcess('analyse', directory);
  await rm(directory, { recursive: true });
  if (!options.keep) await rm(path);
  if (options.json) console.log(JSON.stringify({ bytes: size, floor, read, analyse }));
  else {
    console.log(`${read.count} synthetic ratings, ${(size / 1e6).toFixed(0)} MB`);
    for (const [name, cost] of Object.entries({
      'newlines counted (floor)': floor,
      readRatings: read,
      'analyze --ratings': analyse,
    })) {
      const memory = `${(cost.peakBytes / 2 ** 20).toFixed(0)} MiB`;
      console.log(
        `${name.padEnd(26)}${cost.cpuSeconds.toFixed(2).padStart(8)} CPU s${cost.wallSeconds.toFixed(2).padStart(8)} s${memory.padStart(10)}`,
      );
    }
    console.log(`ratio of CPU: ${(read.cpuSeconds / floor.cpuSeconds).toFixed(2)}`);
  }
}
