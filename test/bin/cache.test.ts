import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { sqlite } from '../fixtures/sqlite.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

const SIZES = { width: 64, height: 48, fps: 10 };
let directory: string;
let remove: () => Promise<void>;
let clips: string;
let renamed: string;
let cards: string[];
let first: RunSummary;

// The dataset `first` and the cache that it filled serve every test below.
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  [clips, renamed] = [join(directory, 'clips'), join(directory, 'renamed')];
  mkdirSync(clips);
  mkdirSync(renamed);
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    await makeClip(join(clips, `${name}.mp4`), { ...SIZES, seconds: 1 + index });
    copyFileSync(join(clips, `${name}.mp4`), join(renamed, `movie-${name}.mp4`));
  }
  cards = ['--visual', writeTinyVisual(directory), '--audio', writeTinyAudio(directory)];
  first = (await extract('first', 'c1.sqlite')).summary;
});

afterAll(() => remove());

async function extract(out: string, cache: string, ...more: string[]) {
  const inputs = more.some((argument) => argument.startsWith(directory)) ? [] : [clips];
  const args = ['extract', ...inputs, ...more, '--out', join(directory, out), '--cache', join(directory, cache)];
  const { code, stdout, stderr } = await callReelflow([...args, ...cards, '--json', '--progress', 'none']);
  expect(code, stderr).toBe(0);
  return { summary: JSON.parse(stdout) as RunSummary, stderr };
}

/** The bytes of a dataset's units by file name. */
function units(out: string): Map<string, Buffer> {
  const root = join(directory, out, '_units');
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.arrow'));
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file))]));
}

describe('reelflow extract --cache', () => {
  it('decodes nothing of the same videos for a second dataset, whose units are the same bytes', async () => {
    expect(first.videos).toMatchObject({ committed: 3, cached: 0 });
    const second = await extract('second', 'c1.sqlite');
    expect(second.summary.videos).toMatchObject({ committed: 3, cached: 3, alreadyDone: 0, dead: 0 });
    expect(second.summary.frames).toBe(0);
    expect(second.summary.phases.sessions).toBe(0);
    expect(second.summary.operators.map(({ name }) => name)).toEqual(['cache', 'commit']);
    expect(units('second')).toEqual(units('first'));
    const table = 'subclips=10/aggregate=mean/part-00000.parquet';
    expect(readFileSync(join(directory, 'second', table))).toEqual(readFileSync(join(directory, 'first', table)));
  });

  it('gives other ids to the same files, and says in its summary what came from the cache', async () => {
    const args = ['extract', renamed, '--out', join(directory, 'ids-second'), '--cache', join(directory, 'c1.sqlite')];
    const { stdout } = await callReelflow([...args, ...cards, '--progress', 'none']);
    expect(stdout).toContain('3 committed (3 from the cache)');
    expect(stdout).toContain('Nothing was decoded');
    const fresh = ['extract', renamed, '--out', join(directory, 'ids-fresh'), ...cards, '--progress', 'none'];
    await callReelflow(fresh);
    expect(units('ids-second')).toEqual(units('ids-fresh'));
  });

  it('misses when frame rate, subclips, aggregate or weights change', async () => {
    for (const [index, change] of [
      ['--fps', '5'],
      ['--subclips', '3'],
      ['--statistic', 'medmad'],
    ].entries()) {
      const { summary } = await extract(`change-${index}`, 'c1.sqlite', ...change);
      expect(summary.videos, change.join(' ')).toMatchObject({ committed: 3, cached: 0 });
      expect(summary.frames).toBeGreaterThan(0);
    }
    const again = await extract('change-again', 'c1.sqlite', '--subclips', '3');
    expect(again.summary.videos.cached).toBe(3);
  });

  it('a longer item than --max-duration is skipped as ever, cached or not', async () => {
    const { summary } = await extract('short', 'c1.sqlite', '--max-duration', '2.5');
    expect(summary.videos).toMatchObject({ committed: 2, cached: 2, skipped: 1 });
  });

  it('a damaged entry is a miss with a warning, and the fresh unit takes its place', async () => {
    const path = join(directory, 'c5.sqlite');
    copyFileSync(join(directory, 'c1.sqlite'), path);
    const [row] = sqlite(path, 'SELECT key, value FROM units WHERE key LIKE ? LIMIT 1', `%:${first.graphId}:%`);
    const value = Buffer.from(row?.value as ArrayBuffer);
    value.writeUInt8(value.readUInt8(value.length >> 1) ^ 1, value.length >> 1);
    sqlite(path, 'UPDATE units SET value = ? WHERE key = ?', value, row?.key);
    const second = await extract('mended', 'c5.sqlite');
    expect(second.summary.videos).toMatchObject({ committed: 3, cached: 2 });
    expect(second.stderr).toMatch(/in the cache is not a whole unit.*recomputed/);
    expect(units('mended')).toEqual(units('first'));
    const third = await extract('after', 'c5.sqlite');
    expect(third.summary.videos.cached).toBe(3);
    expect(third.stderr).not.toContain('whole unit');
  });

  it('a cache that has no room left is a warning: the run loses nothing', async () => {
    const program = fileURLToPath(new URL('../../dist/bin/reelflow.js', import.meta.url));
    const args = ['extract', clips, '--out', join(directory, 'full'), '--cache', join(directory, 'c6.sqlite')];
    // Files of this process may have 36 KiB; what the log of the cache gets beyond that fails as on
    // a full disk.
    const { stdout, stderr } = await promisify(execFile)('/bin/bash', [
      '-c',
      'ulimit -f 36; exec "$@"',
      'bash',
      ...[process.execPath, program, ...args, ...cards, '--subclips', '10,20,40', '--json', '--progress', 'none'],
    ]);
    expect((JSON.parse(stdout) as RunSummary).videos).toMatchObject({ committed: 3, dead: 0 });
    expect(stderr).toMatch(/in the cache could not be (written|read)/);
  });

  it('several processes fill one cache at once without a warning, and it is whole', async () => {
    const outs = ['p1', 'p2', 'p3'];
    const runs = await Promise.all(outs.map((out) => extract(out, 'c7.sqlite', '--memory', '700MiB')));
    for (const { summary, stderr } of runs) {
      expect(summary.videos).toMatchObject({ committed: 3, dead: 0 });
      expect(stderr).not.toContain('cache');
    }
    expect((await extract('p4', 'c7.sqlite')).summary.videos.cached).toBe(3);
  });

  it('keeps what damaged media gave in part out of the cache', async () => {
    const cut = join(directory, 'cut.ts');
    await makeClip(join(directory, 'whole.ts'), { ...SIZES, seconds: 4 });
    const bytes = readFileSync(join(directory, 'whole.ts'));
    bytes.fill(0x55, Math.floor(bytes.length * 0.6), Math.floor(bytes.length * 0.7));
    writeFileSync(cut, bytes);
    const partial = await extract('partial', 'c8.sqlite', cut, '--allow-partial');
    expect(partial.summary.videos.partial).toBe(1);
    const second = await extract('partial-again', 'c8.sqlite', cut, '--allow-partial');
    expect(second.summary.videos).toMatchObject({ committed: 1, cached: 0, partial: 1 });
  });

  it.each([
    ['that it does not know, as wrong usage', (): string => 'gopher://x', 2],
    ['whose server does not answer', (): string => 'redis://localhost:1', 1],
    ['that is not a database', (): string => join(clips, 'a.mp4'), 1],
  ] as const)('refuses a cache %s before there is a dataset', async (_, address, exitCode) => {
    const cache = address();
    const out = join(directory, 'refused');
    const { code, stderr } = await callReelflow(['extract', clips, '--out', out, ...cards, '--cache', cache]);
    expect(code).toBe(exitCode);
    expect(stderr).toContain('[cache]');
    expect(readdirSync(directory)).not.toContain('refused');
  });
});
