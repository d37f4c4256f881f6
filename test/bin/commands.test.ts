import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlantedReport } from '../../examples/planted/demonstration.ts';
import type { Plan } from '../../src/graphs/plan.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { reelflow } from '../fixtures/run-cli.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let clip: string;

beforeAll(async () => {
  place = await temporaryDirectory();
  clip = await makeClip(join(place.path, 'clip.mp4'), { seconds: 4 });
});

afterAll(() => place.remove());

async function explain(args: readonly string[]): Promise<Plan> {
  const { stdout, stderr } = await callReelflow(['explain', clip, '--json', '--no-time', ...args]);
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as Plan;
}

describe('reelflow explain', () => {
  it('prints nodes with shapes, types and bytes, the division of the memory limit, and what the corpus comes to', async () => {
    const plan = await explain(['--memory', '1GiB']);
    expect(plan.nodes.map(({ id }) => id)).toEqual([
      'decode-video',
      'embed-visual',
      'subclips-visual',
      'decode-audio',
      'embed-audio',
      'subclips-audio',
      'commit',
    ]);
    expect(plan.nodes[0]).toMatchObject({ shape: [224, 224, 3], dtype: 'uint8', bytes: 150_528 });
    expect(plan.nodes[1]).toMatchObject({ shape: [4096], dtype: 'float32', inputs: ['decode-video'] });
    const planned = plan.memory.parts.reduce((sum, { bytes }) => sum + bytes, 0) + plan.memory.budget;
    expect(planned).toBeLessThanOrEqual(2 ** 30);
    expect(plan.estimate).toMatchObject({ items: 1, probed: 1, unreadable: 0, frames: 100 });
    const text = await callReelflow(['explain', clip, '--memory', '1GiB', '--no-time']);
    expect(text.stdout).toContain(plan.graph.id);
    expect(text.stdout).toContain('uint8[224, 224, 3]');
    expect(text.stdout).toContain('between operators (flow budget)');
  });

  it('gives the same id for the same values and another for other values', async () => {
    const { graph } = await explain([]);
    expect((await explain(['--memory', '1GiB', '--batch', '8', '--concurrency', '1', '--workers', '1'])).graph.id).toBe(
      graph.id,
    );
    for (const other of [
      ['--fps', '2'],
      ['--subclips', '20'],
      ['--statistic', 'medmad'],
      ['--weights', 'random:2'],
      ['--audio', 'none'],
    ]) {
      expect((await explain(other)).graph.id, other.join(' ')).not.toBe(graph.id);
    }
  });

  it('states the claim of exact medians, and refuses before decoding what cannot hold', async () => {
    const mean = await explain(['--statistic', 'mean']);
    const median = await explain(['--statistic', 'median']);
    // Ten frames of 4096 float32 values are open at a time.
    expect(median.estimate.largestClaim - mean.estimate.largestClaim).toBeGreaterThan(10 * 4096 * 4);
    const { code, stderr } = await callReelflow(['explain', clip, '--memory', '100MiB']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/needs at least .* \[memory-too-small\]/);
  });

  it('names what cannot be read, and estimates the time and the room on the disk', async () => {
    const bad = join(place.path, 'bad.mp4');
    writeFileSync(bad, 'no video at all');
    const args = ['explain', clip, bad, '--visual', 'squeezenet1_1', '--audio', 'none', '--fps', '1'];
    const { code, stdout, stderr } = await callReelflow([...args, '--out', join(place.path, 'not-there-yet')]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`unreadable: ${bad} [not-media]`);
    expect(stdout).toMatch(/time: at least about \d+ s for the networks \(squeezenet1_1 \d+ rows\/s/);
    expect(stdout).toMatch(new RegExp(`disk: units and tables take about .* are free at ${place.path}$`, 'm'));
  });

  it('draws a Mermaid flowchart with every node and arrow', async () => {
    const { stdout } = await callReelflow(['explain', clip, '--mermaid', '--audio', 'none']);
    expect(stdout.split('\n')[0]).toBe('flowchart LR');
    expect(stdout).toContain('decode-video --> embed-visual');
    expect(stdout).toContain('subclips-visual --> commit');
    expect(stdout).not.toContain('embed-audio');
  });
});

describe('the small commands', () => {
  it('models list names the networks, with their cards as JSON', async () => {
    const { stdout, code } = await callReelflow(['weights', 'list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^alexnet +visual +4096/m);
    expect(stdout).toMatch(/^vggish +audio +128/m);
    const json = await callReelflow(['weights', 'list', '--json']);
    expect(JSON.parse(json.stdout).networks).toHaveLength(6);
  });

  it('doctor finds everything in an installed tree, and says what is missing otherwise', async () => {
    const well = await callReelflow(['doctor', '--json']);
    expect(well.code).toBe(0);
    const { findings } = JSON.parse(well.stdout) as { findings: { what: string; ok: boolean }[] };
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['Node.js', 'ffmpeg', 'ffprobe', 'ONNX Runtime', 'container', 'free disk']),
    );
    expect(findings.every(({ ok }) => ok)).toBe(true);
    const ill = await reelflow(['doctor'], { env: { REELFLOW_FFMPEG: join(place.path, 'no-such-program') } });
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/^MISSING +ffmpeg/m);
  });

  it('every command has its own help, and the program names them all', async () => {
    const { stdout, code } = await callReelflow(['--help']);
    expect(code).toBe(0);
    for (const name of ['extract', 'explain', 'compact', 'dead', 'weights', 'doctor', 'demo']) {
      expect(stdout).toContain(`  ${name} `);
      const help = await callReelflow([name, '--help']);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`usage: reelflow ${name}`);
    }
    const ofPull = await callReelflow(['help', 'models', 'pull']);
    expect(ofPull.stdout).toContain('usage: reelflow weights pull NAME');
    expect((await callReelflow(['weights', 'pull', '--help'])).stdout).toBe(ofPull.stdout);
    expect((await callReelflow(['--quiet', '--json', 'models', 'pul'])).stderr).toContain('Did you mean pull?');
    expect((await callReelflow(['train', 'item-kn', '--ratings', 'r', '--out', 'o'])).stderr).toContain(
      "Did you mean 'item-knn'?",
    );
    expect((await callReelflow(['extract', clip, '--out', 'o', '--visual', 'alexnt'])).stderr).toContain(
      'Did you mean alexnet?',
    );
    const version = (
      JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    ).version;
    expect((await callReelflow(['--version'])).stdout).toBe(`${version}\n`);
  });

  it('dead and compact refuse a directory that is not a dataset, with exit 2', async () => {
    for (const args of [['dead', 'list', place.path], ['compact', place.path], ['dead', 'list'], ['compact']]) {
      const { code, stderr } = await callReelflow(args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).toContain('reelflow:');
    }
  });

  it('demo makes clips, extracts them, resumes, and finds the two variants of each look and sound most alike; from planted clips it recommends unrated movies', {
    timeout: 300_000,
  }, async () => {
    const out = join(place.path, 'demo');
    const { stdout, code, stderr } = await callReelflow(['demo', '--out', out, '--json']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('RANDOM WEIGHTS');
    const report = JSON.parse(stdout) as {
      first: { videos: object };
      second: { videos: object; frames: number };
      visual: { item: string; nearest: string }[];
      audio: { item: string; nearest: string }[];
      planted: PlantedReport;
    };
    expect(report.first.videos).toEqual({
      committed: 6,
      partial: 0,
      cached: 0,
      renamed: 0,
      alreadyDone: 0,
      skipped: 0,
      dead: 0,
    });
    expect(report.second).toMatchObject({ videos: { committed: 0, alreadyDone: 6 }, frames: 0 });
    for (const { item, nearest } of [...report.visual, ...report.audio]) {
      expect(nearest.slice(0, -1)).toBe(item.slice(0, -1));
    }
    const { recommendations, evidence, report: story } = report.planted;
    const page = readFileSync(story, 'utf8');
    expect(page).toContain('<title>From clips to recommendations (SYNTHETIC)</title>');
    for (const name of ['ratings', 'run', 'features', 'experiment']) {
      expect(page).toContain(`href="${name}.html"`);
      expect(readFileSync(join(story, '..', `${name}.html`), 'utf8')).toContain('</html>');
    }
    expect(recommendations.map(({ taste }) => taste)).toEqual([1, -1]);
    for (const { taste, order, prediction } of recommendations) {
      expect(taste * order).toBeGreaterThan(0);
      expect(prediction).toBeGreaterThan(3.2);
    }
    const auc = Object.fromEntries(evidence.map((row) => [row.label, row.auc.mean]));
    expect(auc['dcf-av-1']).toBeGreaterThan(0.85);
    expect(auc.baseline).toBeCloseTo(0.5, 9);
    expect(auc['dcf-av-1 (shuffled)']).toBeLessThan((auc['dcf-av-1'] ?? 0) - 0.25);
    for (const label of ['mean-colour', 'mean-features']) expect(auc[label], label).toBeLessThan(0.62);
    const rmse = Object.fromEntries(evidence.map((row) => [row.label, row.rmse.mean]));
    expect(rmse['dcf-av-1']).toBeLessThan(0.75 * (rmse.baseline ?? 0));
  });
});
