import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract } from '../../../src/graphs/extract.ts';
import { RunRecord } from '../../../src/graphs/reports/run-record.ts';
import { runReport } from '../../../src/graphs/reports/run-report.ts';
import type { RunSummary } from '../../../src/graphs/run-summary.ts';
import { encodeClip } from '../../../src/io/media/encode.ts';
import { barriersOf, hasChromium, openPage } from '../../fixtures/chromium.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

const HOSTILE = `x<img src=x onerror="window.broken=1">`;
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let summary: RunSummary;
let page: string;
const record = new RunRecord();
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
  const frames = Array.from({ length: 30 }, (_, index) => new Uint8Array(64 * 48 * 3).fill(8 * index));
  await encodeClip({ path: at('whole.mp4'), width: 64, height: 48, fps: 10, frames });
  writeFileSync(at(`${HOSTILE}.mp4`), 'no film at all');
  summary = await extract({
    ...{ inputs: [at('whole.mp4'), at(`${HOSTILE}.mp4`)], out: at('features'), visual: writeTinyVisual(place.path) },
    ...{ audio: 'none', subclips: [3], memory: '1GiB', compact: false },
    onProgress: (progress) => record.progress(progress),
    onItem: (item) => record.item(item),
  });
  page = runReport(summary, record);
  writeFileSync(at('run.html'), page);
});
afterAll(() => place.remove());

describe('the report of a run', () => {
  it('tells what was decoded, and what was not in the words of what failed', () => {
    expect(summary.videos).toMatchObject({ committed: 1, dead: 1 });
    expect(page).toContain('1 committed, 0 already done, 0 skipped, 1 dead');
    expect(page).toMatch(/<th scope="row">whole<\/th><td class="text">whole<\/td><td class="number">3\.0<\/td>/);
    const [letter] = summary.dead;
    expect(page).toContain(`<td class="text">${letter?.code}</td>`);
    expect(page).toContain('x&lt;img src=x');
    expect(page).not.toContain('<img');
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
    const shown = runReport({ ...summary, operators: first === undefined ? [] : [first] }, told);
    expect(shown).toContain('aria-label="How busy each operator was"');
    expect(shown).toContain('aria-label="Memory held between operators"');
  });

  it.skipIf(!hasChromium)('can be read by everybody, hostile names as text (skipped without Chromium)', async () => {
    const open = await openPage(pathToFileURL(at('run.html')).href);
    try {
      expect(await open.page.locator('th', { hasText: 'onerror' }).first().textContent()).toBe(HOSTILE);
      expect(await open.page.evaluate('window.broken')).toBeUndefined();
      expect(await barriersOf(open.page)).toEqual([]);
      expect(open.faults).toEqual([]);
      expect(readFileSync(at('run.html'), 'utf8')).toBe(page);
    } finally {
      await open.close();
    }
  });
});
