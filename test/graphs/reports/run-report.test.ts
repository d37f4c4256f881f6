import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract } from '../../../src/graphs/extract.ts';
import { type FilmStrip, FilmStrips } from '../../../src/graphs/reports/film-strips.ts';
import { RunRecord } from '../../../src/graphs/reports/run-record.ts';
import { runReport } from '../../../src/graphs/reports/run-report.ts';
import type { RunSummary } from '../../../src/graphs/run-summary.ts';
import { encodeClip } from '../../../src/io/media/encode.ts';
import { findFfmpeg } from '../../../src/io/media/ffmpeg.ts';
import type { Video } from '../../../src/io/media/video.ts';
import { Frame } from '../../../src/operators/frame.ts';
import { barriersOf, cutOffIn, hasChromium, openPage } from '../../fixtures/chromium.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

const HOSTILE = `x<img src=x onerror="window.broken=1">`;
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let summary: RunSummary;
let page: string;
const record = new RunRecord();
const strips = new FilmStrips({ subclips: 3 });
let shown: FilmStrip[];
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
  const frames = Array.from({ length: 30 }, (_, index) => new Uint8Array(64 * 48 * 3).fill(8 * index));
  await encodeClip({ path: at('whole.mp4'), width: 64, height: 48, fps: 10, frames });
  writeFileSync(at(`${HOSTILE}.mp4`), 'no film at all');
  summary = await extract({
    ...{ inputs: [at('whole.mp4'), at(`${HOSTILE}.mp4`)], out: at('features'), visual: writeTinyVisual(place.path) },
    ...{ audio: 'none', subclips: [3], memory: '1GiB', compact: false },
    onFrame: (frame, video) => strips.take(frame, video),
    onProgress: (progress) => record.progress(progress),
    onItem: (item) => record.item(item),
  });
  shown = await strips.finish((message) => expect(message).toBe('nothing'));
  page = runReport(summary, record, shown);
  writeFileSync(at('run.html'), page);
});
afterAll(() => place.remove());

/** The pixels of a JPEG file. */
function decoded(jpeg: Uint8Array): Uint8Array {
  const args = ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  return spawnSync(findFfmpeg().path, args, { input: jpeg }).stdout;
}

describe('the report of a run', () => {
  it('tells what was decoded, and what was not in the words of what failed', () => {
    expect(summary.videos).toMatchObject({ committed: 1, dead: 1 });
    expect(page).toContain('1 committed, 0 already done, 0 skipped, 1 dead');
    expect(page).toMatch(/<th scope="row">whole<\/th><td class="text">fully<\/td><td class="number">3\.0<\/td>/);
    const [letter] = summary.dead;
    expect(page).toContain(`<td class="text">${letter?.code}</td>`);
    expect(page).toContain('x&lt;img src=x');
    expect(page).not.toContain('<img src=x');
  });

  it('shows the frame at the middle of each subclip, of what was decoded anyway', () => {
    expect(shown.map(({ item, pictures }) => [item, pictures.map(({ subclip, time }) => [subclip, time])])).toEqual([
      [
        'whole',
        [
          [0, 0.5],
          [1, 1.5],
          [2, 2.5],
        ],
      ],
    ]);
    const greys = shown[0]?.pictures.map(({ jpeg, width, height }) => {
      const raw = decoded(jpeg);
      expect(raw.length).toBe(width * height * 3);
      return raw.reduce((sum, value) => sum + value, 0) / raw.length;
    });
    for (const [place, grey] of [40, 120, 200].entries()) {
      expect(Math.abs((greys?.[place] as number) - grey)).toBeLessThan(4);
    }
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(3);
    expect(page).toContain('alt="whole, subclip 2"');
  });

  it('shows the first frame of a subclip that has none from its middle on, and none of one without a frame', async () => {
    const sparse = new FilmStrips({ seconds: 1 });
    const video = { id: 'sparse', info: { duration: 4 } } as Video;
    for (const [index, time] of [0.1, 0.2, 2.2, 2.5, 2.9, 4.5].entries()) {
      sparse.take(new Frame(new Uint8Array(12), 2, 2, index, time), video);
    }
    const [strip] = await sparse.finish((message) => expect(message).toBe('nothing'));
    expect(strip?.pictures.map(({ subclip, time }) => [subclip, time])).toEqual([
      [0, 0.1],
      [2, 2.5],
      [3, 4.5],
    ]);
  });

  it('lists items by id, whichever was finished first, and what is odd only if something is', () => {
    const told = new RunRecord();
    const whole = record.items.find(({ type }) => type === 'committed');
    if (whole?.type !== 'committed') throw new Error('the clip was not committed');
    for (const item of ['clip10', 'clip9', 'clip1']) told.item({ ...whole, item, notes: [] });
    const usual = runReport(summary, told);
    expect([...usual.matchAll(/<th scope="row">(clip\d+)</g)].map(([, item]) => item)).toEqual([
      ...['clip1', 'clip9', 'clip10'],
    ]);
    expect(usual).not.toContain('what is odd');
    told.item({ ...whole, item: 'clip2', notes: ['shorter than it states'] });
    expect(runReport(summary, told)).toContain('what is odd');
  });

  it('names the bottleneck, and sets memory against its limit', () => {
    const busiest = [...summary.operators].sort((one, other) => other.busySeconds - one.busySeconds)[0];
    expect(page).toMatch(new RegExp(`<th scope="row">${busiest?.name}</th>.*?bottleneck`));
    expect(page).toContain('1 GiB');
    expect(page).not.toContain('NaN');
  });

  it('keeps a bounded number of moments of a long run, evenly apart', () => {
    const long = new RunRecord();
    for (let second = 1; second <= 5000; second++) {
      long.progress({
        ...{ done: 0, total: 1, dead: 0, frames: 0, mediaSeconds: 0, remainingMediaSeconds: 1, wallSeconds: second },
        ...{ heldBytes: second, budgetBytes: 10_000 },
      });
    }
    const seconds = long.moments.map((moment) => moment.seconds);
    expect(seconds.length).toBeGreaterThanOrEqual(200);
    expect(seconds.length).toBeLessThan(400);
    expect(new Set(seconds.slice(1).map((each, place) => each - (seconds[place] as number)))).toEqual(new Set([16]));
  });

  it('shows over time how busy each operator was between two moments', () => {
    const told = new RunRecord();
    const [first] = summary.operators;
    for (const [second, busySeconds] of [0.25, 1.25, 1.5].entries()) {
      told.progress({
        ...{ done: 0, total: 1, dead: 0, frames: 0, mediaSeconds: 0, remainingMediaSeconds: 1 },
        ...{ wallSeconds: second + 1, heldBytes: 2 ** 20, budgetBytes: 2 ** 21 },
        operators: first === undefined ? [] : [{ ...first, busySeconds }],
      });
    }
    const alone = runReport({ ...summary, operators: first === undefined ? [] : [first] }, told);
    expect(alone).toContain('aria-label="How busy each operator was"');
    expect(alone).toContain('aria-label="Memory held between operators"');
  });

  it.skipIf(!hasChromium)('can be read by everybody, hostile names as text (skipped without Chromium)', async () => {
    const open = await openPage(pathToFileURL(at('run.html')).href);
    try {
      expect(await open.page.locator('th', { hasText: 'onerror' }).first().textContent()).toBe(HOSTILE);
      expect(await open.page.evaluate('window.broken')).toBeUndefined();
      expect(await barriersOf(open.page)).toEqual([]);
      expect(await cutOffIn(open.page)).toEqual([]);
      expect(open.faults).toEqual([]);
      expect(readFileSync(at('run.html'), 'utf8')).toBe(page);
    } finally {
      await open.close();
    }
  });
});
