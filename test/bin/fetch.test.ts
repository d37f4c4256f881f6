import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FetchSummary } from '../../src/graphs/fetch/fetch-summary.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { moviesWithFeatures, readTrailers } from '../../src/io/ratings/trailers.ts';
import { Downloader, runs, visible } from '../fixtures/downloader.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';
import { until } from '../fixtures/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-fetch-cli-'));
let downloader: Downloader;
beforeAll(async () => {
  downloader = await Downloader.make(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Arguments of a run over these ids into a directory of this name. */
function fetchArguments(name: string, ids: readonly string[], more: readonly string[] = []): string[] {
  const list = downloader.list(`${name}.csv`, ids);
  const fixed = ['--out', join(directory, name), '--command', downloader.command, '--progress', 'none'];
  return ['fetch', '--list', list, ...fixed, ...more];
}

describe('reelflow fetch', () => {
  it('makes a corpus that extract takes, and whose items a trailer list joins with movies', async () => {
    const fetched = await reelflow(
      fetchArguments('whole', ['ok-1', '#NAME?', 'gone-3', 'ok-4'], ['--retries', '0', '--json']),
    );
    expect(fetched.code, fetched.stderr).toBe(3);
    const summary = JSON.parse(fetched.stdout) as FetchSummary;
    expect(summary.ids).toEqual({ listed: 4, fetched: 2, alreadyThere: 0, failed: 2, failedEarlier: 0, left: 0 });
    const out = join(directory, 'features');
    const cards = ['--visual', writeTinyVisual(directory), '--audio', writeTinyAudio(directory)];
    const extracted = await reelflow([
      'extract',
      '--manifest',
      summary.manifest,
      '--out',
      out,
      ...cards,
      '--progress',
      'none',
      '--json',
    ]);
    expect(extracted.code, extracted.stderr).toBe(0);
    expect(JSON.parse(extracted.stdout)).toMatchObject({ videos: { committed: 2, dead: 0 } });
    const store = await CommitStore.open(out, { create: false });
    const ids = await Promise.all((await store.keys()).map(async (key) => (await store.readFacts(key)).itemId));
    expect([...ids].sort()).toEqual(['ok-1', 'ok-4']);
    const trailers = await readTrailers(join(directory, 'whole.csv'));
    expect([...moviesWithFeatures(ids, trailers)].sort()).toEqual(['1', '4']);
  });

  it('says what failed and why, now and afterwards', async () => {
    const args = fetchArguments('told', ['gone-1', 'a\u001b]b', 'two-3'], ['--retries', '1', '--retry-delay', '0.01']);
    const { code, stdout } = await reelflow(args);
    expect(code).toBe(1);
    expect(stdout).toContain('0 fetched (0 B), 0 already there, 3 failed, 0 failed earlier; 4 commands');
    expect(stdout).toContain('gone-1: the command ended with exit code 7 [exit, 2 attempts]');
    expect(stdout).not.toContain('\u001b');
    const listed = await reelflow(['fetch', '--failures', join(directory, 'told')]);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain('    [31mERROR: video unavailable\n');
    expect(listed.stdout).toMatch(/is not an id.*\[bad-id\]\n/);
    expect(listed.stdout).toMatch(/\n3 failed\n$/);
    const json = await reelflow(['fetch', '--failures', join(directory, 'told'), '--json']);
    expect(JSON.parse(json.stdout).failures).toHaveLength(3);
    const again = await reelflow(args);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('3 failed earlier; 0 commands');
    expect(again.stdout).toContain('--retry-failed');
    expect((await reelflow(['fetch', '--failures', directory])).code).toBe(2);
    const both = await reelflow([...args, '--failures', join(directory, 'told')]);
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('`--list` cannot be used with it');
  });

  it('prints the commands that it would start, and starts none', async () => {
    const { code, stdout } = await reelflow(
      fetchArguments('planned', ['ok-p1', 'ok-p2'], ['--dry-run', '--limit', '1']),
    );
    expect(code).toBe(0);
    const planned = JSON.parse(stdout) as { id: string; argv: string[] };
    expect(planned.argv.slice(-2)).toEqual(['ok-p1', expect.stringMatching(/\/ok-p1$/)]);
    expect(existsSync(join(directory, 'planned'))).toBe(false);
  });

  it('interrupted once, it finishes what runs and keeps it; interrupted twice, it kills what runs', async () => {
    const draining = startCli(fetchArguments('once', ['gated-i1', 'ok-i2'], ['--concurrency', '1']));
    await draining.until(() => downloader.starts('gated-i1').length > 0);
    draining.kill('SIGINT');
    await draining.until(() => draining.stderr().includes('finishing the downloads in progress'));
    downloader.open('gated-i1');
    const once = await draining.ended;
    expect(once.code, once.stderr).toBe(130);
    expect(visible(join(directory, 'once'))).toEqual(['gated-i1.mp4', 'manifest.csv']);
    const stopping = startCli(fetchArguments('twice', ['nest-i3']));
    await stopping.until(() => downloader.grandchild('nest-i3') !== undefined);
    stopping.kill('SIGINT');
    // Two equal signals to a process that was not scheduled between them are one.
    await stopping.until(() => stopping.stderr().includes('interrupt again'));
    stopping.kill('SIGINT');
    const twice = await stopping.ended;
    expect(twice.code, twice.stderr).toBe(130);
    const pids = [downloader.starts('nest-i3')[0]?.pid ?? 0, downloader.grandchild('nest-i3') ?? 0];
    await until(() => !pids.some(runs));
    expect(readFileSync(join(directory, 'twice', 'manifest.csv'), 'utf8')).toBe('path,item_id,movie_ids\n');
  });

  it.each(['SIGHUP', 'SIGQUIT'] as const)('kills what runs when %s comes, and leaves nothing of it', async (signal) => {
    const id = `nest-${signal}`;
    const ended = await reelflow(fetchArguments(signal, [id]), {
      send: signal,
      when: () => downloader.grandchild(id) !== undefined,
    });
    expect(ended.code, ended.stderr).toBe(130);
    const pids = [downloader.starts(id)[0]?.pid ?? 0, downloader.grandchild(id) ?? 0];
    await until(() => !pids.some(runs));
    expect(visible(join(directory, signal))).toEqual(['manifest.csv']);
    expect(existsSync(join(directory, signal, '.fetch/work'))).toBe(false);
  });

  it.skipIf(!existsSync('/proc/self'))('is ended by Ctrl-C while it waits for its list', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const began = Date.now();
    const args = ['fetch', '--list', pipe, '--out', join(directory, 'piped'), '--command', downloader.command];
    const ended = await reelflow([...args, '--no-check'], { send: 'SIGINT', when: () => Date.now() - began > 1500 });
    expect(ended).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(existsSync(join(directory, 'piped'))).toBe(false);
  });

  it('takes a delay of 0 before retries', async () => {
    const { code, stdout } = await reelflow(fetchArguments('zero', ['flaky-zero'], ['--retry-delay', '0']));
    expect(code).toBe(0);
    expect(stdout).toContain('3 commands');
  });

  it('killed in the middle, it continues with what is missing, and clears away what was under way', async () => {
    const args = fetchArguments('killed', ['ok-k1', 'ok-k2', 'nest-k3', 'ok-k4'], ['--concurrency', '1', '--json']);
    const killed = await reelflow(args, {
      send: 'SIGKILL',
      when: () => downloader.grandchild('nest-k3') !== undefined,
    });
    expect(killed.signal).toBe('SIGKILL');
    const out = join(directory, 'killed');
    expect(visible(out)).toEqual(['ok-k1.mp4', 'ok-k2.mp4']);
    // Nobody is left to end what the killed process had started.
    for (const pid of [downloader.starts('nest-k3')[0]?.pid ?? 0]) process.kill(-pid, 'SIGKILL');
    const rest = downloader.list('rest.csv', ['ok-k1', 'ok-k2', 'ok-k4']);
    const resumed = await reelflow(args.map((word, index) => (index === 2 ? rest : word)));
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      starts: 1,
      ids: { fetched: 1, alreadyThere: 2 },
      inManifest: 3,
    });
    expect(existsSync(join(out, '.fetch/work'))).toBe(false);
  });

  it.each([
    [['--command', 'get {id} > {out}'], 'there is no shell here'],
    [['--command', 'get {id}'], 'has no {out}'],
    [['--command', 'no-such-downloader {id} {out}'], 'there is no such program'],
    [['--rate', 'fast'], '`--rate` must be'],
    [['--rate', 'fast', '--dry-run'], '`--rate` must be'],
    [['--retry-delay', '-1'], '--retry-delay'],
    [['--retries', '-1'], '--retries'],
    [['--progress', 'loud'], '`--progress` must be one of'],
    [['more'], 'takes no operands'],
  ])('refuses %j with exit code 2', async (more, says) => {
    const { code, stderr } = await reelflow(fetchArguments('refused', ['ok-r'], more));
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });
});
