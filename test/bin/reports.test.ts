import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { temporaryDirectory, walkingBar } from '../fixtures/clips.ts';
import { writeMovieLens } from '../fixtures/movielens.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (...names: string[]) => join(place.path, ...names);

beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

describe('report', () => {
  it('draws the page of an experiment from its directory, and each of its figures', async () => {
    const ratings = await writeMovieLens(at('movielens'), { users: 20, movies: 20 });
    await runExperiment({ ratings, recommenders: ['random', 'baseline'] }, { out: at('results') });
    const args = ['report', at('results'), '--out', at('report.html'), '--figures', at('figures')];
    const { code, stdout, stderr } = await callReelflow(args);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`${at('report.html')} shows it\n`);
    expect(readFileSync(at('report.html'), 'utf8')).toContain('<h1>Experiment results</h1>');
    expect(readdirSync(at('figures'))).toContain('auc-of-each-recommender.svg');
  });

  it('says that a directory is not of an experiment', async () => {
    const { code, stderr } = await callReelflow(['report', at('movielens'), '--out', at('none.html')]);
    expect(code).toBe(2);
    expect(stderr).toContain('is not of an experiment');
    expect(existsSync(at('none.html'))).toBe(false);
  });
});

describe('demo --real', () => {
  it("extracts one's own videos, shows them, and says that random weights mean nothing", async () => {
    mkdirSync(at('videos'));
    await encodeClip({ path: at('videos/bar.mp4'), width: 64, height: 48, fps: 5, frames: walkingBar(64, 48, 10) });
    const { code, stdout, stderr } = await callReelflow(['demo', '--real', at('videos'), '--out', at('look')]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('audio is left out: a layout needs at least 5 rows, but it has 0');
    expect(stdout).toContain(`${at('look/report.html')} shows the results and links to the other pages`);
    const story = readFileSync(at('look/report.html'), 'utf8');
    for (const page of ['run.html', 'features.html']) {
      expect(story).toContain(`href="${page}"`);
      expect(existsSync(at('look', page))).toBe(true);
    }
    expect(story).toContain('RANDOM');
    expect(readFileSync(at('look/run.html'), 'utf8')).toContain('alt="bar, subclip 9"');
  });
});
