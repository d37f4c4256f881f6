import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let cards: string[];

async function writeClip(path: string, seconds: number, shade: number): Promise<void> {
  const frames = Array.from({ length: seconds * 10 }, (_, index) =>
    new Uint8Array(64 * 48 * 3).fill((shade + index * 3) & 255),
  );
  const samples = Float32Array.from(
    { length: seconds * 16_000 },
    (_, index) => 0.4 * Math.sin(index * 0.02 * (1 + shade / 100)),
  );
  await encodeClip({ path, width: 64, height: 48, fps: 10, frames, audio: { sampleRate: 16_000, samples } });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-cli-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  for (const [index, name] of ['a', 'b', 'c'].entries()) await writeClip(join(clips, `${name}.mp4`), 3, 40 * index);
  cards = ['--visual', writeTinyVisual(directory), '--audio', writeTinyAudio(directory)];
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function extractJson(
  args: readonly string[],
): Promise<{ code: number | null; summary: RunSummary; stderr: string }> {
  const { code, stdout, stderr } = await reelflow(['extract', ...args, ...cards, '--json', '--progress', 'none']);
  expect(stdout.trim().split('\n'), stderr).toHaveLength(1);
  return { code, summary: JSON.parse(stdout) as RunSummary, stderr };
}

function unitFiles(out: string): Map<string, number> {
  const units = new Map<string, number>();
  if (!existsSync(join(out, '_units'))) return units;
  for (const file of readdirSync(join(out, '_units'), { recursive: true }) as string[]) {
    if (file.endsWith('.arrow')) units.set(file, statSync(join(out, '_units', file)).ino);
  }
  return units;
}

describe('reelflow extract', () => {
  it('commits every video and prints exactly one summary; a second run decodes nothing and says so', async () => {
    const out = join(directory, 'resume');
    const first = await extractJson([clips, '--out', out]);
    expect(first.code).toBe(0);
    expect(first.summary.videos).toEqual({
      committed: 3,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: 0,
      skipped: 0,
      dead: 0,
    });
    expect(first.summary.frames).toBe(90);
    expect(first.summary.patches).toBe(9);
    expect(first.summary.videoSeconds).toBeCloseTo(9, 1);
    const { memory } = first.summary;
    expect(memory.peakHeldBytes).toBeGreaterThan(0);
    expect(memory.peakHeldBytes).toBeLessThanOrEqual(memory.budgetBytes);
    expect(memory.peakRssBytes).toBeLessThanOrEqual(memory.limitBytes);
    expect(existsSync(join(out, 'subclips=10', 'aggregate=mean', 'part-00000.parquet'))).toBe(true);
    const before = unitFiles(out);

    const second = await extractJson([clips, '--out', out]);
    expect(second.code).toBe(0);
    expect(second.summary.videos).toEqual({
      committed: 0,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: 3,
      skipped: 0,
      dead: 0,
    });
    expect(second.summary.frames).toBe(0);
    expect(second.summary.operators.find(({ name }) => name === 'decode-video')).toBeUndefined();
    expect(unitFiles(out)).toEqual(before);
    const spoken = await reelflow(['extract', clips, '--out', out, ...cards, '--progress', 'none']);
    expect(spoken.stdout).toContain('Nothing was decoded');
  });

  it('says what is new since the last run, what was renamed, and what is not an input any more', async () => {
    const [films, out] = [join(directory, 'films'), join(directory, 'nightly')];
    mkdirSync(films);
    // Of long ago: the time of a file that was just written does not tell whether it has changed.
    const copy = (name: string) => {
      copyFileSync(join(clips, `${name}.mp4`), join(films, `${name}.mp4`));
      utimesSync(join(films, `${name}.mp4`), 1e9, 1e9);
    };
    for (const name of ['a', 'b']) copy(name);
    const args = ['extract', films, '--out', out, ...cards, '--progress', 'none'];
    expect((await reelflow(args)).stdout).not.toMatch(/new|renamed|no inputs/);
    renameSync(join(films, 'b.mp4'), join(films, 'b-2020.mp4'));
    copy('c');
    const { stdout, code } = await reelflow(args);
    expect(code).toBe(0);
    expect(stdout).toContain('new since the last run: 2 of the inputs');
    expect(stdout).toContain('2 committed (1 renamed), 1 already done');
    expect(stdout).toContain('renamed: b is now b-2020');
    expect(stdout).toContain(`no longer inputs, but still in the dataset: b; \`reelflow prune ${out}\` removes them`);
    const csv = (await reelflow(['status', out, '--format', 'csv'])).stdout.split('\n');
    const dry = await reelflow(['extract', films, '--out', out, ...cards, '--progress', 'none', '--dry-run']);
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(
      /corpus: 3 items[\s\S]*3 of the items are already in the dataset[\s\S]*nothing was written/,
    );
    const otherwise = await reelflow(['extract', films, '--out', out, ...cards, '--subclips', '3', '--dry-run']);
    expect([otherwise.code, otherwise.stderr]).toEqual([2, expect.stringContaining('was made differently')]);
    const fresh = join(directory, 'not-yet');
    expect((await reelflow(['extract', films, '--out', fresh, ...cards, '--dry-run'])).code).toBe(0);
    expect(existsSync(fresh)).toBe(false);
    expect((await reelflow(['prune', out])).code).toBe(0);
    const quiet = await reelflow(['extract', films, '--out', out, ...cards, '--quiet']);
    expect([quiet.code, quiet.stdout]).toEqual([0, '']);
    // What failed is news once, where it is allowed; where it is not, as often as it is there.
    writeFileSync(join(films, 'noise.mp4'), 'no film at all');
    const tonight = async (...more: string[]) => {
      const night = await reelflow(['extract', films, '--out', out, ...cards, '--quiet', ...more]);
      return [night.code, night.stdout];
    };
    const told = expect.stringContaining('dead: noise');
    expect(await tonight('--allow-dead')).toEqual([0, told]);
    expect(await tonight('--allow-dead')).toEqual([0, '']);
    expect(await tonight()).toEqual([3, told]);
    expect(csv[1]).toMatch(/^a,committed,,.*\/films\/a\.mp4,.*,64,48,"video \w+, audio \w+",,20/);
  });

  it('divides the wall time of every operator into busy, starved and blocked', async () => {
    const { summary } = await extractJson([clips, '--out', join(directory, 'clock')]);
    const names = summary.operators.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'decode-video',
        'embed-visual',
        'subclips-visual',
        'decode-audio',
        'embed-audio',
        'commit',
      ]),
    );
    expect(summary.operators.at(-1)).toMatchObject({ name: 'commit', in: 3, out: 3 });
    for (const { busySeconds, starvedSeconds, blockedSeconds, wallSeconds } of summary.operators) {
      expect(Math.abs(busySeconds + starvedSeconds + blockedSeconds - wallSeconds)).toBeLessThanOrEqual(
        0.02 * wallSeconds,
      );
    }
    expect(summary.operators.find(({ name }) => name === 'embed-visual')?.batchFill).toBeGreaterThan(0);
  });

  it('killed in the middle, it loses no committed unit and duplicates none', async () => {
    const out = join(directory, 'killed');
    const many = manyClips(8);
    const args = ['extract', many, '--out', out, ...cards, '--concurrency', '1', '--progress', 'none'];
    const { env } = gatedFfmpeg(directory, 'clip-4');
    const killed = await reelflow(args, { env, send: 'SIGKILL', when: () => unitFiles(out).size >= 2 });
    expect(killed.signal).toBe('SIGKILL');
    const before = unitFiles(out);
    expect(before.size).toBeGreaterThanOrEqual(2);
    expect(before.size).toBeLessThan(8);
    const { summary } = await extractJson([many, '--out', out]);
    expect(summary.videos).toEqual({
      committed: 8 - before.size,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: before.size,
      skipped: 0,
      dead: 0,
    });
    const after = unitFiles(out);
    expect(after.size).toBe(8);
    for (const [file, inode] of before) expect(after.get(file)).toBe(inode);
  });

  it('interrupted once, it finishes what runs, keeps it, and exits 130', async () => {
    const out = join(directory, 'interrupted');
    const many = manyClips(8);
    const args = ['extract', many, '--out', out, ...cards, '--concurrency', '1', '--progress', 'none', '--json'];
    const gate = gatedFfmpeg(directory, 'clip-4');
    const running = startCli(args, { env: gate.env });
    await running.until(() => unitFiles(out).size >= 1);
    running.kill('SIGINT');
    await running.until(() => running.stderr().includes('finishing the videos in progress'));
    gate.open();
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    const summary = JSON.parse(stdout) as RunSummary;
    expect(summary.interrupted).toBe(true);
    expect(summary.videos.committed).toBe(unitFiles(out).size);
    expect(summary.videos.committed).toBeLessThan(8);
    expect(summary.left).toBe(8 - summary.videos.committed);
  });

  it('interrupted, it says how many are left, those of earlier runs not among them, and that the same command continues', async () => {
    const out = join(directory, 'left');
    const many = manyClips(8);
    const first = await extractJson([many, '--out', out, '--limit', '3']);
    expect(first.summary).toMatchObject({ interrupted: false, left: 0 });
    const gate = gatedFfmpeg(directory, 'clip-4');
    const args = ['extract', many, '--out', out, ...cards, '--concurrency', '1', '--progress', 'ndjson'];
    const running = startCli(args, { env: gate.env });
    await running.until(() => unitFiles(out).size >= 4);
    running.kill('SIGINT');
    await running.until(() => running.stderr().includes('finishing the videos in progress'));
    gate.open();
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    const left = 8 - unitFiles(out).size;
    expect(left).toBeGreaterThanOrEqual(1);
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`^interrupted: ${left} of 8 left; the same command continues`));
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly time: string });
    expect(events.every(({ time }) => new Date(time).toISOString() === time)).toBe(true);
    expect(events.filter(({ type }) => type === 'already-done')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'committed')).toHaveLength(5 - left);
    expect(events.at(-1)).toMatchObject({ type: 'summary', interrupted: true, left });
  });

  it('interrupted twice, it stops at once, keeps what is committed, and exits 130', async () => {
    const out = join(directory, 'stopped');
    const args = ['extract', manyClips(8), '--out', out, ...cards, '--concurrency', '1', '--progress', 'none'];
    const running = startCli(args, { env: gatedFfmpeg(directory, 'clip-4').env });
    await running.until(() => unitFiles(out).size >= 1);
    running.kill('SIGINT');
    await running.until(() => running.stderr().includes('interrupt again'));
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(unitFiles(out).size).toBeGreaterThanOrEqual(1);
  });

  it('leaves out longer items by option: skipped with the reason, exit 0', async () => {
    const { code, summary } = await extractJson([clips, '--out', join(directory, 'short'), '--max-duration', '1']);
    expect(code).toBe(0);
    expect(summary.videos).toEqual({
      committed: 0,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: 0,
      skipped: 3,
      dead: 0,
    });
    expect(summary.skipped[0]?.reason).toContain('--max-duration 1');
  });

  it('takes ids from a manifest, and refuses two inputs with one id before anything is decoded', async () => {
    const manifest = join(directory, 'manifest.csv');
    writeFileSync(manifest, 'path,item_id\nclips/a.mp4,movie-1\nclips/b.mp4,"movie, 2"\n');
    const out = join(directory, 'manifest');
    const { summary } = await extractJson(['--manifest', manifest, '--out', out]);
    expect(summary.videos.committed).toBe(2);
    writeFileSync(manifest, 'path,item_id\nclips/a.mp4,same\nclips/b.mp4,same\n');
    const twice = await reelflow(['extract', '--manifest', manifest, '--out', join(directory, 'twice'), ...cards]);
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("several inputs have the same item id: 'same'");
    expect(existsSync(join(directory, 'twice'))).toBe(false);
  });

  it("refuses a directory that holds another graph's dataset, and what cannot hold, with exit 2", async () => {
    const out = join(directory, 'other');
    await extractJson([join(clips, 'a.mp4'), '--out', out]);
    const other = await reelflow(['extract', clips, '--out', out, ...cards, '--subclips', '20']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('subclips');
    const small = await reelflow(['extract', clips, '--out', join(directory, 'small'), ...cards, '--memory', '50MiB']);
    expect(small.code).toBe(2);
    expect(small.stderr).toMatch(/needs at least \d/);
    expect(existsSync(join(directory, 'small'))).toBe(false);
  });

  it.each([
    [['extract'], '--out'],
    [['extract', '--out', 'x'], 'no-inputs'],
    [['extract', 'nowhere/*.mp4', '--out', 'x'], "no file matches 'nowhere/*.mp4'"],
    [['extract', 'a.mp4', '--out', 'x'], "there is no file or directory 'a.mp4'"],
    [['extract', 'clips', '--out', 'clips/a.mp4'], 'must be a directory'],
    [['doctor', 'extra'], "'extra'"],
    [['extract', 'a.mp4', '--out', 'x', '--subclips', '0'], '--subclips'],
    [['extract', 'clips/a.mp4', '--out', 'x', '--statistic', 'average'], "'mean', 'meanvar', 'median', 'medmad'"],
    [['extract', 'a.mp4', '--out', 'x', '--fps', 'fast'], '--fps'],
    [['extract', 'clips/a.mp4', '--out', 'x', '--memory', 'plenty'], 'plenty'],
    [['extract', 'a.mp4', '--out', 'x', '--colour', 'red'], '--colour'],
    [['extract', 'clips/a.mp4', '--out', 'x', '--visual', 'none', '--audio', 'none'], 'neither'],
    [['extract', 'a.mp4', '--out', 'x', '--visual', 'vggish'], 'vggish'],
    [['unpack'], "no command 'unpack'"],
  ])('%j is wrong usage: exit 2, and the message names the fault', async (args, fault) => {
    const { code, stderr, stdout } = await reelflow(args, { cwd: directory });
    expect(stderr).toContain(fault);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});

/** A directory with copies of one clip under several names. */
function manyClips(count: number): string {
  const many = join(directory, `many-${count}`);
  mkdirSync(many, { recursive: true });
  for (let index = 0; index < count; index++) copyFileSync(join(clips, 'a.mp4'), join(many, `clip-${index}.mp4`));
  return many;
}
