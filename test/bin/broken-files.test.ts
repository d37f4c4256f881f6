import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { ffmpegOutput, makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

const shared = fileURLToPath(new URL('../../../shared/data/media', import.meta.url));
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let corpus: string;
let good: Buffer;
let networks: string[];

/** Good files under names that shells, format strings and option parsers stumble over. */
const oddNames = [
  'two words.mp4',
  'it\'s "quoted".mp4',
  'new\nline.mp4',
  'фильм 映画 🎬.mp4',
  '-dash.mp4',
  '100%d.mp4',
  '*.mp4',
];

/** The bytes with single bits flipped at fixed pseudo-random places beyond the first kilobyte. */
function flipped(bytes: Buffer, count: number): Buffer {
  const copy = Buffer.from(bytes);
  let seed = 7;
  for (let index = 0; index < count; index++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    const at = 1024 + (seed % (copy.length - 1024));
    copy[at] = (copy[at] as number) ^ (1 << (index & 7));
  }
  return copy;
}

async function extract(args: readonly string[]): Promise<{ code: number | null; summary: RunSummary }> {
  const { code, stdout, stderr } = await callReelflow([
    'extract',
    ...args,
    ...networks,
    '--json',
    '--progress',
    'none',
  ]);
  expect(stdout, stderr).not.toBe('');
  return { code, summary: JSON.parse(stdout) as RunSummary };
}

beforeAll(async () => {
  place = await temporaryDirectory();
  networks = ['--visual', writeTinyVisual(place.path), '--audio', writeTinyAudio(place.path)];
  corpus = join(place.path, 'corpus');
  mkdirSync(corpus);
  const clip = await makeClip(join(place.path, 'good.mp4'), { seconds: 6, width: 320, height: 240 });
  // The index in front, so that a cut file still opens, as a stream that broke off does.
  await ffmpegOutput(
    '-i',
    clip,
    '-c',
    'copy',
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    '-y',
    join(place.path, 'front.mp4'),
    '-f',
    'null',
    '-c',
    'copy',
  );
  good = readFileSync(join(place.path, 'front.mp4'));
  const write = (name: string, bytes: Buffer | string) => writeFileSync(join(corpus, name), bytes);
  for (const name of oddNames) write(name, good);
  write('zero-bytes.mp4', '');
  write('text.mp4', 'This is a text file.\n'.repeat(40));
  write('random.mp4', flipped(Buffer.alloc(50_000, 0x5a), 400_000));
  write('no-moov.mp4', Buffer.from(good).fill(0x66, good.indexOf('moov'), good.indexOf('moov') + 4));
  write('cut.mp4', good.subarray(0, Math.floor(good.length / 2)));
  write('flips-4000.mp4', flipped(good, 4000));
  const hole = Buffer.from(good);
  hole.fill(0, Math.floor(good.length * 0.5), Math.floor(good.length * 0.6));
  write('hole.mp4', hole);
});

afterAll(() => place.remove());

describe('broken files beside good ones', () => {
  it('each has its verdict, every good file is committed, and the exit code is 3', async () => {
    const out = join(place.path, 'out');
    const { code, summary } = await extract([corpus, '--out', out]);
    expect(code).toBe(3);
    expect(Object.fromEntries(summary.dead.map(({ item, code: reason }) => [item, reason]))).toEqual({
      'zero-bytes': 'empty',
      text: 'not-media',
      random: 'corrupt',
      'no-moov': 'corrupt',
      cut: 'truncated',
      'flips-4000': 'corrupt',
      hole: 'corrupt',
    });
    const store = await CommitStore.open(out, { create: false });
    const committed = await Promise.all((await store.keys()).map(async (key) => (await store.readFacts(key)).itemId));
    expect(committed.sort()).toEqual(oddNames.map((name) => basename(name, '.mp4')).sort());

    const listed = await callReelflow(['dead', 'list', out, '--json']);
    expect(JSON.parse(listed.stdout).dead).toHaveLength(7);
    expect((await callReelflow(['dead', 'list', out])).stdout).toContain('7 dead letter(s)');

    const again = await extract([corpus, '--out', out]);
    expect(again.code).toBe(3);
    expect(again.summary.videos).toEqual({
      committed: 0,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: oddNames.length,
      skipped: 0,
      dead: 7,
    });

    const nonesuch = await callReelflow(['dead', 'retry', out, '--code', 'corupt']);
    expect([nonesuch.code, nonesuch.stdout]).toEqual([2, '']);
    expect(nonesuch.stderr).toMatch(/Did you mean corrupt\? Codes: .*corrupt.*not-media.*truncated/);
    const dry = await callReelflow(['dead', 'retry', out, '--code', 'not-media', '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toMatchObject({ raised: 0, wouldRaise: [expect.any(String)] });
    expect(JSON.parse((await callReelflow(['dead', 'list', out, '--json'])).stdout).dead).toHaveLength(7);
    const retried = await callReelflow(['dead', 'retry', out, '--code', 'not-media']);
    expect(retried.stdout).toContain('1 item(s)');
    const unknown = await callReelflow(['dead', 'retry', out, 'nobody']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('nobody');
    const partly = await extract([corpus, '--out', out, '--allow-partial', '--allow-dead']);
    expect(partly.code).toBe(0);
    expect(partly.summary.videos).toMatchObject({ committed: 2, partial: 2, dead: 5 });
    const facts = await Promise.all((await store.keys()).map((key) => store.readFacts(key)));
    const partial = facts.filter((unit) => unit.partial).map(({ itemId }) => itemId);
    expect(partial.sort()).toEqual(['cut', 'hole']);
    const strict = await callReelflow(['extract', corpus, '--out', out, ...networks]);
    expect(strict.stderr).toContain('2 of the videos already done are partial');

    const unit = store.unitPath((await store.keys())[0] as string);
    writeFileSync(unit, readFileSync(unit).subarray(0, 100));
    const mended = await extract([corpus, '--out', out, '--allow-partial', '--allow-dead']);
    expect(mended.summary.videos).toMatchObject({ committed: 1, alreadyDone: oddNames.length + 1 });
    expect(existsSync(`${unit}.damaged`)).toBe(true);

    const bytes = readFileSync(unit);
    bytes[200] = (bytes[200] as number) ^ 1;
    writeFileSync(unit, bytes);
    rmSync(join(out, 'subclips=10'), { recursive: true });
    writeFileSync(
      join(out, '_dataset.json'),
      readFileSync(join(out, '_dataset.json'), 'utf8').replace(/"tables": \[[\s\S]*\]/, '"tables": []'),
    );
    const unwritten = await extract([corpus, '--out', out, '--allow-partial', '--allow-dead']);
    expect(unwritten.code).toBe(1);
    expect(unwritten.summary.failure?.message).toContain(unit);
  });

  it('a named pipe among the inputs holds nothing up', async () => {
    const pipe = join(place.path, 'pipe.mp4');
    execFileSync('mkfifo', [pipe]);
    const { code, summary } = await extract([pipe, join(corpus, '100%d.mp4'), '--out', join(place.path, 'pipe')]);
    expect(code).toBe(3);
    expect(summary.videos).toMatchObject({ committed: 1, dead: 1 });
    expect(summary.dead[0]?.code).toBe('unreadable');
  });

  it('exits 1 when every input is dead', async () => {
    const { code, summary } = await extract([
      join(corpus, 'zero-bytes.mp4'),
      join(corpus, 'text.mp4'),
      '--out',
      join(place.path, 'all-dead'),
    ]);
    expect(code).toBe(1);
    expect(summary.videos).toEqual({
      committed: 0,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: 0,
      skipped: 0,
      dead: 2,
    });
  });

  it.skipIf(!existsSync(shared))('real damaged files have their verdicts (needs ../shared)', async () => {
    const real = join(place.path, 'real');
    mkdirSync(real);
    for (const name of readdirSync(join(shared, 'corrupt')))
      copyFileSync(join(shared, 'corrupt', name), join(real, name));
    const out = join(place.path, 'real-out');
    const { code, summary } = await extract([real, '--out', out]);
    expect(code).toBe(3);
    expect(summary.videos).toMatchObject({ committed: 1, dead: 2 });
    expect(summary.dead.map(({ item, code: reason }) => [item, reason]).sort()).toEqual([
      ['malformed-join', 'corrupt'],
      ['no-aud', 'corrupt'],
    ]);
  });
});
