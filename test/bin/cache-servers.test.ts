import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { CACHE_SERVERS, type CacheServer } from '../fixtures/cache-servers.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { freePort } from '../fixtures/free-port.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { type CliResult, reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let remove: () => Promise<void>;
let clips: string;
let cards: string[];
let without: ReadonlyMap<string, Buffer>;

// What is extracted without a cache is what every extraction below must give.
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  clips = join(directory, 'clips');
  mkdirSync(clips);
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
    await makeClip(join(clips, `${name}.mp4`), { width: 64, height: 48, fps: 10, seconds: 1 + index });
  }
  cards = ['--visual', writeTinyVisual(directory), '--audio', writeTinyAudio(directory)];
  expect((await callReelflow(args('without', 'none'))).code).toBe(0);
  without = units('without');
});

afterAll(() => remove());

function args(out: string, cache: string): string[] {
  const common = [...cards, '--json', '--progress', 'none'];
  return ['extract', clips, '--out', join(directory, out), '--cache', cache, ...common];
}

/** The bytes of a dataset's units by file name. */
function units(out: string): ReadonlyMap<string, Buffer> {
  const root = join(directory, out, '_units');
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.arrow'));
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file))]));
}

/** The summary of a run that did all its work. */
function done({ code, stdout, stderr }: Omit<CliResult, 'signal'>): RunSummary {
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(stdout) as RunSummary;
  expect(summary.videos).toMatchObject({ committed: 4, dead: 0 });
  return summary;
}

async function extract(out: string, cache: string) {
  const result = await callReelflow(args(out, cache));
  const summary = done(result);
  expect(units(out)).toEqual(without);
  return { summary, stderr: result.stderr };
}

/** What may become of an entry. */
const DAMAGE: readonly ((entry: Buffer, next: Buffer) => Buffer)[] = [
  // One byte is another: of base64, another letter of it.
  (entry) => {
    const copy = Buffer.from(entry);
    copy[entry.length >> 1] = copy[entry.length >> 1] === 65 ? 66 : 65;
    return copy;
  },
  // It is cut off, or empty.
  (entry) => entry.subarray(0, entry.length >> 1),
  () => Buffer.of(),
  // It is whole, but of another video.
  (_, next) => next,
];

for (const { name, missing, start } of CACHE_SERVERS) {
  const of = missing === undefined ? `a cache on ${name}` : `a cache on ${name} (left out: ${missing})`;
  describe.skipIf(missing !== undefined)(of, () => {
    const out = (what: string) => `${name}-${what}`;

    async function started(): Promise<CacheServer> {
      const server = await start();
      onTestFinished(() => server.end());
      return server;
    }

    it('decodes nothing of the same videos for a second dataset, whose units are the same bytes', async () => {
      const server = await started();
      const first = await extract(out('first'), server.uri);
      expect(first.summary.videos.cached).toBe(0);
      expect([...(await server.entries()).keys()].filter((key) => key.includes(first.summary.graphId))).toHaveLength(4);
      const second = await extract(out('second'), server.uri);
      expect(second.summary.videos.cached).toBe(4);
      expect(second.summary.frames).toBe(0);
      expect([first.stderr, second.stderr].join('')).not.toContain('cache');
    });

    it('what is damaged in it is not used: a warning for each, and the fresh unit takes its place', async () => {
      const server = await started();
      await extract(out('whole'), server.uri);
      const entries = [...(await server.entries())];
      expect(entries).toHaveLength(DAMAGE.length);
      const next = (index: number) => entries[(index + 1) % entries.length]?.[1] ?? Buffer.of();
      await server.put(
        new Map(entries.map(([key, entry], index) => [key, DAMAGE[index]?.(entry, next(index)) ?? entry])),
      );
      const { summary, stderr } = await extract(out('damaged'), server.uri);
      expect(summary.videos.cached).toBe(0);
      expect(stderr.match(/in the cache.*recomputed/g), stderr).toHaveLength(4);
      const after = await extract(out('after'), server.uri);
      expect(after.summary.videos.cached).toBe(4);
      expect(after.stderr).not.toContain('cache');
    });

    it('is refused before anything starts when there is no server, without showing the password', async () => {
      const scheme = name === 'Redis' ? 'redis' : 'postgresql';
      const { code, stderr } = await reelflow(args(out('none'), `${scheme}://me:secret@127.0.0.1:${await freePort()}`));
      expect(code).toBe(1);
      expect(stderr).toMatch(/the cache .* cannot be opened: .*connection refused/);
      expect(stderr).toContain('[cache]');
      expect(stderr).not.toContain('secret');
      expect(readdirSync(directory)).not.toContain(out('none'));
    });

    it('is refused before anything starts when the server takes connections and says nothing', async () => {
      const server = await started();
      server.signal('SIGSTOP');
      const { code, stderr } = await reelflow(args(out('mute'), server.uri));
      expect(code).toBe(1);
      expect(stderr).toMatch(/the cache .* cannot be opened: .*\[cache\]/s);
      expect(readdirSync(directory)).not.toContain(out('mute'));
    });

    it.each([
      ['is killed', 'SIGKILL'],
      ['no longer answers', 'SIGSTOP'],
    ] as const)(
      'a server that %s in the middle of a run costs a warning, and the run ends whole',
      async (_, signal) => {
        const server = await started();
        const gate = gatedFfmpeg(directory, 'd.mp4');
        const running = startCli(args(out(signal), server.uri), { env: gate.env });
        let entries = 0;
        while (entries < 3) {
          entries = (await server.entries()).size;
          await running.until(() => true);
        }
        server.signal(signal);
        gate.open();
        const result = await running.ended;
        expect(done(result).videos.cached).toBe(0);
        expect(units(out(signal))).toEqual(without);
        expect(result.stderr).toMatch(/the entry of '.*' in the cache could not be written: .*\[cache\]/);
      },
    );
  });
}
