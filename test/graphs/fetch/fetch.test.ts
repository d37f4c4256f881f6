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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchCorpus } from '../../../src/graphs/fetch/fetch.ts';
import { planFetch } from '../../../src/graphs/fetch/fetch-plan.ts';
import { fetchFailures } from '../../../src/graphs/fetch/fetch-summary.ts';
import { listCorpus } from '../../../src/graphs/inputs.ts';
import { Downloader, runs, visible } from '../../fixtures/downloader.ts';
import { until } from '../../fixtures/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-fetch-'));
let downloader: Downloader;
beforeAll(async () => {
  downloader = await Downloader.make(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Nothing of a run lies about: no folder of an id, no lock. */
function expectTidy(out: string): void {
  expect(existsSync(join(out, '.fetch/work'))).toBe(false);
  expect(readdirSync(join(out, '.fetch/lock'))).toEqual([]);
}

describe('fetching a corpus', () => {
  it('puts each file into its place whole, and writes a manifest that lists it for extract', async () => {
    const options = downloader.optionsFor(['ok-1', 'beside-2', '-ok-3', 'ok-1']);
    await expect(fetchCorpus(options)).rejects.toThrow('1 ids of');
    expect(existsSync(options.out)).toBe(false);
    const summary = await fetchCorpus({ ...options, command: downloader.command.replace('{id}', '-- {id}') });
    expect(summary.ids).toEqual({ listed: 3, fetched: 3, alreadyThere: 0, failed: 0, failedEarlier: 0, left: 0 });
    const bytes = statSync(downloader.clip).size;
    expect(summary).toMatchObject({ inManifest: 3, starts: 3, bytes: 3 * bytes, interrupted: false });
    expect(visible(options.out)).toEqual(['-ok-3.mp4', 'beside-2.mp4', 'manifest.csv', 'ok-1.mp4']);
    expect(readFileSync(join(options.out, 'ok-1.mp4'))).toEqual(readFileSync(downloader.clip));
    expect(readFileSync(summary.manifest, 'utf8')).toBe(
      'path,item_id,movie_ids\nok-1.mp4,ok-1,1|4\nbeside-2.mp4,beside-2,2\n-ok-3.mp4,-ok-3,3\n',
    );
    const corpus = await listCorpus({ manifest: summary.manifest });
    expect(corpus.map(({ id, path }) => [id, path])).toEqual(
      ['ok-1', 'beside-2', '-ok-3'].map((id) => [id, join(options.out, `${id}.mp4`)]),
    );
    expectTidy(options.out);
  });

  it('records every failure with its reason, what the command printed, and how often it was tried', async () => {
    const reasons = {
      ...{ gone: 'exit', term: 'signal', hang: 'timeout', nothing: 'no-file', text: 'no-file', outside: 'no-file' },
      ...{ page: 'not-media', empty: 'empty', two: 'several-files', link: 'unsafe-file', folder: 'unsafe-file' },
      ...{ loud: 'exit', 'a/../b': 'bad-id' },
    };
    const options = downloader.optionsFor([...Object.keys(reasons), 'ok'], { timeout: 3, concurrency: 4, retries: 0 });
    const summary = await fetchCorpus(options);
    expect(summary.ids).toMatchObject({ listed: 14, fetched: 1, failed: 13 });
    const failures = await fetchFailures(options.out);
    expect(Object.fromEntries(failures.map(({ id, reason }) => [id, reason]))).toEqual(reasons);
    expect(new Set(summary.failures)).toEqual(new Set(failures));
    const of = (id: string) => failures.find((failure) => failure.id === id);
    expect(of('gone')).toMatchObject({
      exitCode: 7,
      output: ['[31mERROR: video unavailable'],
      attempts: 1,
      movieIds: ['1'],
    });
    expect(of('loud')?.output.at(-1)).toBe('the last words');
    expect(of('text')?.message).toContain('only "text.html"');
    expect(of('two')?.message).toContain('"two.f137.mp4", "two.f140.m4a"');
    expect(of('page')?.message).toBe('what the command wrote is not an audio or video file');
    expect(of('a/../b')).toMatchObject({ attempts: 0 });
    expect(visible(options.out)).toEqual(['manifest.csv', 'ok.mp4']);
    expect(readFileSync(summary.manifest, 'utf8')).toBe('path,item_id,movie_ids\nok.mp4,ok,14\n');
    expectTidy(options.out);
  });

  it('takes a page for a video only when it is told not to look', async () => {
    const options = downloader.optionsFor(['page-unchecked'], { check: false });
    expect((await fetchCorpus(options)).ids).toMatchObject({ fetched: 1, failed: 0 });
  });

  it('tries again as often as it may, each time in an empty folder', async () => {
    const enough = await fetchCorpus(downloader.optionsFor(['flaky-a', 'once-a'], { retries: 2 }));
    expect(enough.ids).toMatchObject({ fetched: 2, failed: 0 });
    expect(enough.starts).toBe(5);
    const options = downloader.optionsFor(['flaky-b'], { retries: 1 });
    const tooFew = await fetchCorpus(options);
    expect(tooFew.failures).toMatchObject([{ id: 'flaky-b', reason: 'exit', attempts: 2, output: ['not yet'] }]);
    const again = await fetchCorpus(options);
    expect(again).toMatchObject({ starts: 0, ids: { failed: 0, failedEarlier: 1 } });
    const third = await fetchCorpus({ ...options, retryFailed: true });
    expect(third).toMatchObject({ starts: 1, ids: { fetched: 1, failedEarlier: 0 } });
    expect(await fetchFailures(options.out)).toEqual([]);
  });

  it('gives every argument to the program as it is written: nothing is executed, expanded or split', async () => {
    const odd = [
      `$(touch '$1')`,
      '; touch pwned',
      '`id`',
      '*',
      'a  b',
      '"',
      '\\',
      '| cat',
      '> pwned',
      '$HOME',
      '',
      '%',
      '{}',
    ];
    const quoted = odd.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const options = downloader.optionsFor(['ok-literal'], { command: `${downloader.command} ${quoted} pre{id}post` });
    await fetchCorpus(options);
    const [start] = downloader.starts('ok-literal');
    expect(start?.words.slice(2)).toEqual([...odd, 'preok-literalpost']);
    expect(start?.words[1]).toMatch(/\/ok-literal$/);
    expect(existsSync('pwned')).toBe(false);
  });

  it('fetches nothing twice, and again what is gone', async () => {
    const options = downloader.optionsFor(['ok-twice-1', 'ok-twice-2']);
    await fetchCorpus(options);
    const before = statSync(join(options.out, 'ok-twice-1.mp4')).ino;
    rmSync(join(options.out, 'ok-twice-2.mp4'));
    const second = await fetchCorpus(options);
    expect(second).toMatchObject({ starts: 1, ids: { fetched: 1, alreadyThere: 1 }, inManifest: 2 });
    expect(statSync(join(options.out, 'ok-twice-1.mp4')).ino).toBe(before);
    const other = downloader.list('other.csv', ['ok-twice-3']);
    const third = await fetchCorpus({ ...options, list: other });
    expect(third).toMatchObject({ ids: { listed: 1, fetched: 1 }, inManifest: 3 });
  });

  it('never writes over a file that it did not fetch', async () => {
    const options = downloader.optionsFor(['ok-mine', 'ok-other']);
    mkdirSync(options.out);
    writeFileSync(join(options.out, 'ok-mine.webm'), 'mine');
    const summary = await fetchCorpus(options);
    expect(summary.failures).toMatchObject([{ id: 'ok-mine', reason: 'exists', attempts: 0 }]);
    expect(readFileSync(join(options.out, 'ok-mine.webm'), 'utf8')).toBe('mine');
    expect(downloader.starts('ok-mine')).toEqual([]);
  });

  it('fetches again an id whose record is damaged only when its file is not in the way', async () => {
    const options = downloader.optionsFor(['ok-damaged']);
    await fetchCorpus(options);
    const [record] = readdirSync(join(options.out, '.fetch/records'), { recursive: true }).filter((name) =>
      String(name).endsWith('.json'),
    );
    writeFileSync(join(options.out, '.fetch/records', String(record)), '{"state": "fetched", "file": "../../x.mp4"');
    const messages: string[] = [];
    const summary = await fetchCorpus({ ...options, onMessage: (message) => messages.push(message) });
    expect(messages).toEqual([expect.stringContaining('is damaged')]);
    expect(summary.failures).toMatchObject([{ reason: 'exists' }]);
  });

  it('runs no more commands run at the same time than it may, and all that it may', async () => {
    const running: number[] = [];
    const ids = ['gated-1', 'gated-2', 'gated-3', 'gated-4', 'gated-5'];
    const onProgress = (progress: { readonly running: number }) => running.push(progress.running);
    const fetching = fetchCorpus(downloader.optionsFor(ids, { concurrency: 3, onProgress }));
    await until(() => ids.filter((id) => downloader.starts(id).length > 0).length >= 3);
    for (const id of ids) downloader.open(id);
    await fetching;
    expect(Math.max(...running)).toBe(3);
  });

  it('spaces starts by the rate, retries included, however many may run', async () => {
    const options = downloader.optionsFor(['ok-rate-1', 'once-rate', 'ok-rate-2'], {
      concurrency: 4,
      retries: 1,
      rate: '4/s',
    });
    const began = performance.now();
    await fetchCorpus(options);
    const milliseconds = performance.now() - began;
    expect(['ok-rate-1', 'once-rate', 'ok-rate-2'].flatMap((id) => downloader.starts(id))).toHaveLength(4);
    // Four starts have three spaces of 250 ms between them, however late a program itself may be.
    expect(milliseconds).toBeGreaterThan(740);
  });
});

describe('fetching that is stopped', () => {
  it('on drain finishes what runs, starts nothing more, and continues later', async () => {
    const drain = new AbortController();
    const options = downloader.optionsFor(['gated-d1', 'ok-d2', 'ok-d3'], { concurrency: 1 });
    const fetching = fetchCorpus({ ...options, drain: drain.signal });
    await until(() => downloader.starts('gated-d1').length > 0);
    drain.abort();
    downloader.open('gated-d1');
    const summary = await fetching;
    expect(summary).toMatchObject({ interrupted: true, ids: { fetched: 1, left: 2, failed: 0 }, inManifest: 1 });
    expect(await fetchCorpus(options)).toMatchObject({ interrupted: false, ids: { fetched: 2, alreadyThere: 1 } });
  });

  it('on abort kills what runs, records no verdict on it, and leaves nothing behind', async () => {
    const stop = new AbortController();
    const options = downloader.optionsFor(['nest-a1', 'hang-a2', 'ok-a3'], { concurrency: 2 });
    const fetching = fetchCorpus({ ...options, signal: stop.signal });
    await until(() => downloader.grandchild('nest-a1') !== undefined && downloader.starts('hang-a2').length > 0);
    stop.abort();
    expect(await fetching).toMatchObject({ interrupted: true, ids: { fetched: 0, failed: 0, left: 3 } });
    const pids = ['nest-a1', 'hang-a2'].map((id) => downloader.starts(id)[0]?.pid ?? 0);
    await until(() => ![...pids, downloader.grandchild('nest-a1') ?? 0].some(runs));
    expect(await fetchFailures(options.out).catch((error: { code: string }) => error.code)).toBe('fetch');
    expectTidy(options.out);
  });

  it('does not wait for a retry or a turn that is far away', async () => {
    const drain = new AbortController();
    const options = downloader.optionsFor(['gone-w1', 'ok-w2'], { retries: 1, retryDelay: 300_000, concurrency: 1 });
    const fetching = fetchCorpus({ ...options, drain: drain.signal });
    await until(() => downloader.starts('gone-w1').length > 0);
    setTimeout(() => drain.abort(), 300);
    expect((await fetching).ids).toMatchObject({ left: 2, failed: 0 });
    const slow = downloader.optionsFor(['ok-w3', 'ok-w4'], { rate: '1/h' });
    const again = new AbortController();
    const waiting = fetchCorpus({ ...slow, drain: again.signal });
    await until(() => existsSync(join(slow.out, 'ok-w3.mp4')));
    again.abort();
    expect((await waiting).ids).toMatchObject({ fetched: 1, left: 1 });
  });

  it('lets one process work on a directory at a time', async () => {
    const options = downloader.optionsFor(['gated-lock']);
    const first = fetchCorpus(options);
    await until(() => downloader.starts('gated-lock').length > 0);
    await expect(fetchCorpus(options)).rejects.toMatchObject({ code: 'in-use' });
    downloader.open('gated-lock');
    expect((await first).ids.fetched).toBe(1);
    expect((await fetchCorpus(options)).inManifest).toBe(1);
  });

  it('stops at once when there is no such downloader, and records nothing', async () => {
    const options = downloader.optionsFor(['ok-1', 'ok-2'], { command: 'no-such-downloader {id} {out}' });
    await expect(fetchCorpus(options)).rejects.toMatchObject({ code: 'program' });
    expectTidy(options.out);
    expect(existsSync(join(options.out, '.fetch/records'))).toBe(false);
  });
});

describe('what fetching is asked', () => {
  it('shows the commands without starting or writing anything', async () => {
    const options = downloader.optionsFor(['ok-plan-1', 'bad id', 'ok-plan-2'], { limit: 3 });
    const planned = await planFetch(options);
    expect(planned.map(({ id }) => id)).toEqual(['ok-plan-1', 'ok-plan-2']);
    expect(planned[0]?.argv.slice(0, 2)).toEqual([process.execPath, join(directory, 'downloader.mjs')]);
    expect(planned[0]?.argv.at(-1)).toContain(join(options.out, '.fetch/work'));
    expect(existsSync(options.out)).toBe(false);
    await fetchCorpus({ ...options, limit: 1 });
    expect((await planFetch(options)).map(({ id }) => id)).toEqual(['ok-plan-2']);
    expect(downloader.starts('ok-plan-1').map(({ words }) => words[1])).toEqual([planned[0]?.argv.at(-1)]);
  });

  it.each([
    [{ concurrency: 0 }, '`concurrency` must be an integer'],
    [{ retries: -1 }, '`retries` must be an integer'],
    [{ retryDelay: -1 }, '`retryDelay` must be'],
    [{ timeout: 0 }, '`timeout` must be'],
    [{ limit: 0 }, '`limit` must be'],
    [{ rate: '5/day' }, '`rate` must be'],
    [{ rate: '0/s' }, '`rate` must be'],
    [{ command: 'get {id} | tee {out}' }, "has '|' at position 10, a pipe in a shell"],
    [{ column: 'none' }, "does not have a column 'none'"],
  ])('refuses %j before anything is made', async (more, says) => {
    const options = downloader.optionsFor(['ok'], more);
    await expect(fetchCorpus(options)).rejects.toThrow(says);
    expect(existsSync(options.out)).toBe(false);
  });
});
