import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchCorpus } from '../../../src/graphs/fetch/fetch.ts';
import type { FetchOptions } from '../../../src/graphs/fetch/fetch-options.ts';
import { planFetch } from '../../../src/graphs/fetch/fetch-plan.ts';
import { Downloader, until, visible } from '../../fixtures/downloader.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-fetch-faults-'));
let downloader: Downloader;
let made = 0;
beforeAll(async () => {
  downloader = await Downloader.make(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function optionsFor(ids: readonly string[], more: Partial<FetchOptions> = {}): FetchOptions {
  made += 1;
  const list = downloader.list(`list-${made}.csv`, ids);
  const out = join(directory, `out-${made}`);
  return { list, out, command: downloader.command, retries: 0, retryDelay: 0, concurrency: 1, ...more };
}

describe('fetching goes on', () => {
  it('when a command takes its own folder away', async () => {
    const options = optionsFor(['vanish-1', 'ok-2']);
    const summary = await fetchCorpus(options);
    expect(summary.failures).toMatchObject([{ id: 'vanish-1', reason: 'no-file' }]);
    expect(visible(options.out)).toEqual(['manifest.csv', 'ok-2.mp4']);
    expect(existsSync(join(options.out, '.fetch/work'))).toBe(false);
  });

  it('when there are other files among its records', async () => {
    const options = optionsFor(['ok-stray']);
    await fetchCorpus(options);
    writeFileSync(join(options.out, '.fetch/records/.DS_Store'), 'x');
    expect((await fetchCorpus(options)).ids).toMatchObject({ alreadyThere: 1 });
  });
});

it.skipIf(process.platform === 'win32')('a long run writes its manifest before its end too', async () => {
  const script = join(directory, 'many.sh');
  writeFileSync(script, 'case $1 in last) exec sleep 100;; *) echo x > "$2.mp4";; esac');
  const ids = [...Array.from({ length: 101 }, (_, index) => `id-${index}`), 'last'];
  const stop = new AbortController();
  const options = optionsFor(ids, { command: `sh '${script}' {id} {out}`, check: false, concurrency: 4 });
  const fetching = fetchCorpus({ ...options, signal: stop.signal });
  const manifest = join(options.out, 'manifest.csv');
  await until(() => existsSync(manifest));
  const rows = readFileSync(manifest, 'utf8').trim().split('\n').slice(1);
  expect(rows.length).toBeGreaterThanOrEqual(100);
  for (const row of rows) expect(existsSync(join(options.out, row.split(',')[0] ?? ''))).toBe(true);
  stop.abort();
  await fetching;
});

describe('fetching ends', () => {
  it('before ids that are none are recorded, when it is stopped there', async () => {
    const drain = new AbortController();
    const options = optionsFor(['a b', 'c d', 'ok-1']);
    const summary = await fetchCorpus({ ...options, drain: drain.signal, onListed: () => drain.abort() });
    expect(summary).toMatchObject({ interrupted: true, ids: { listed: 3, failed: 0, left: 3 }, failures: [] });
  });

  it('before anything is made, when nothing in the list is an id', async () => {
    const options = optionsFor(['a b', 'c d']);
    await expect(fetchCorpus(options)).rejects.toThrow("has no id in its column 'youtubeId': 'a b' is no id");
    await expect(planFetch(options)).rejects.toMatchObject({ remedy: expect.stringContaining('--column') });
    expect(existsSync(options.out)).toBe(false);
  });

  it('with a remedy when the directory cannot be made', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expect(fetchCorpus(optionsFor(['ok'], { out: join(file, 'out') }))).rejects.toMatchObject({
      name: 'UsageError',
      code: 'dataset',
      remedy: expect.stringContaining('Name a directory'),
    });
  });

  it.skipIf(process.geteuid?.() !== 0)('with a remedy when the directory may not be written (needs root)', async () => {
    const closed = mkdtempSync(join(directory, 'closed-'));
    const options = optionsFor(['ok'], { out: closed, check: false });
    chmodSync(directory, 0o755);
    process.seteuid?.(65_534);
    try {
      await expect(fetchCorpus(options)).rejects.toMatchObject({ name: 'UsageError', code: 'dataset' });
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync(closed)).toEqual([]);
  });

  it('when its program is no program, with what is wrong with it', async () => {
    const [script, file] = [join(directory, 'script'), join(directory, 'plain')];
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    writeFileSync(file, '');
    for (const program of [script, join(file, 'program'), `/${'x'.repeat(5000)}`]) {
      const options = optionsFor(['ok'], { command: `'${program}' {id} {out}` });
      await expect(fetchCorpus(options)).rejects.toMatchObject({ code: 'program' });
    }
    const options = optionsFor(['ok'], { command: `'${script}' {id} {out}` });
    await expect(fetchCorpus(options)).rejects.toThrow('or the interpreter of its first line');
  });
});
