import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchCorpus } from '../../../src/graphs/fetch/fetch.ts';
import { planFetch } from '../../../src/graphs/fetch/fetch-plan.ts';
import { Downloader, visible } from '../../fixtures/downloader.ts';
import { until } from '../../fixtures/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-fetch-faults-'));
let downloader: Downloader;
beforeAll(async () => {
  downloader = await Downloader.make(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('fetching continues', () => {
  it('when a command takes its own folder away', async () => {
    const options = downloader.optionsFor(['vanish-1', 'ok-2'], { concurrency: 1 });
    const summary = await fetchCorpus(options);
    expect(summary.failures).toMatchObject([{ id: 'vanish-1', reason: 'no-file' }]);
    expect(visible(options.out)).toEqual(['manifest.csv', 'ok-2.mp4']);
    expect(existsSync(join(options.out, '.fetch/work'))).toBe(false);
  });

  it('when there are other files among its records', async () => {
    const options = downloader.optionsFor(['ok-stray'], { concurrency: 1 });
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
  const options = downloader.optionsFor(ids, { command: `sh '${script}' {id} {out}`, check: false, concurrency: 4 });
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
    const options = downloader.optionsFor(['a b', 'c d', 'ok-1'], { concurrency: 1 });
    const summary = await fetchCorpus({ ...options, drain: drain.signal, onListed: () => drain.abort() });
    expect(summary).toMatchObject({ interrupted: true, ids: { listed: 3, failed: 0, left: 3 }, failures: [] });
  });

  it('before anything is made, when nothing in the list is an id', async () => {
    const options = downloader.optionsFor(['a b', 'c d'], { concurrency: 1 });
    await expect(fetchCorpus(options)).rejects.toThrow("has no id in its column 'youtubeId': 'a b' is not an id");
    await expect(planFetch(options)).rejects.toMatchObject({ remedy: expect.stringContaining('`column`') });
    expect(existsSync(options.out)).toBe(false);
  });

  it('with a remedy when the directory cannot be made', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expect(
      fetchCorpus(downloader.optionsFor(['ok'], { concurrency: 1, out: join(file, 'out') })),
    ).rejects.toMatchObject({
      name: 'SystemError',
      code: 'not-writable',
      remedy: expect.stringContaining('Choose a directory'),
    });
  });

  it.skipIf(process.geteuid?.() !== 0)('with a remedy when the directory may not be written (needs root)', async () => {
    const closed = mkdtempSync(join(directory, 'closed-'));
    const options = downloader.optionsFor(['ok'], { concurrency: 1, out: closed, check: false });
    chmodSync(directory, 0o755);
    process.seteuid?.(65_534);
    try {
      await expect(fetchCorpus(options)).rejects.toMatchObject({ name: 'SystemError', code: 'not-writable' });
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync(closed)).toEqual([]);
  });

  it('when its program is not a program, with what is wrong with it', async () => {
    const [script, file] = [join(directory, 'script'), join(directory, 'plain')];
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    writeFileSync(file, '');
    for (const program of [script, join(file, 'program'), `/${'x'.repeat(5000)}`]) {
      const options = downloader.optionsFor(['ok'], { concurrency: 1, command: `'${program}' {id} {out}` });
      await expect(fetchCorpus(options)).rejects.toMatchObject({ code: 'program' });
    }
    const options = downloader.optionsFor(['ok'], { concurrency: 1, command: `'${script}' {id} {out}` });
    await expect(fetchCorpus(options)).rejects.toThrow('or the interpreter in its first line');
  });
});
