import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentResult } from '../../src/graphs/experiment/run-experiment.ts';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';
import { numbersOf, writeMovieLens } from '../fixtures/movielens.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let ratings: string;
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
  ratings = await writeMovieLens(at('movielens'), { users: 30, movies: 40 });
});
afterAll(() => place.remove());

async function run(out: string, args: readonly string[], expected = 0): Promise<ExperimentResult> {
  const { code, stdout, stderr } = await callReelflow(['experiment', '--out', at(out), '--json', ...args]);
  expect(code, stderr).toBe(expected);
  return JSON.parse(stdout) as ExperimentResult;
}

async function refused(args: readonly string[]): Promise<string> {
  const { code, stderr } = await callReelflow(['experiment', '--out', at('refused'), ...args]);
  expect(code, stderr).toBe(2);
  return stderr;
}

const figures = ({ rows }: ExperimentResult) =>
  rows.map(({ scenario, label, metrics }) => [scenario, label, metrics.rmse?.mean, metrics['ndcg@4']?.mean]);

describe('reelflow experiment on synthetic ratings', () => {
  const small = ['--models', 'random,baseline,item-knn,genre-content', '--movies', '30', '--users', '25'];

  it('compares recommenders over scenarios, folds and seeds; a second run computes nothing, says so, and prints the same', async () => {
    const args = ['--ratings', ratings, ...small, '--per-user', '12', '--seeds', '1,2,3'];
    const first = await run('whole', args);
    expect(first.points).toEqual({ total: 2 * 4 * 3 * 2, computed: 48, reused: 0, failed: 0 });
    expect(first.rows.map(({ scenario, label }) => `${scenario} ${label}`)).toHaveLength(8);
    for (const row of first.rows) {
      expect(row.seeds).toEqual([1, 2, 3]);
      expect(row.metrics.rmse?.deviation).toBeGreaterThan(0);
      expect(row.metrics['ndcg@10']?.mean).toBeLessThanOrEqual(1);
    }
    // Nothing of a cold item is known but its genres.
    const auc = (label: string) =>
      first.rows.find((row) => row.scenario === 'hard-cold' && row.label === label)?.metrics.auc?.mean ?? 0;
    expect(auc('baseline')).toBe(0.5);
    expect(auc('genre-content')).toBeGreaterThan(0.6);

    const second = await run('whole', args);
    expect(second.points).toEqual({ total: 48, computed: 0, reused: 48, failed: 0 });
    expect(figures(second)).toEqual(figures(first));
    const { stdout, stderr } = await callReelflow(['experiment', '--out', at('whole'), ...args]);
    expect(stdout, stderr).toContain(
      '48 points: 0 computed, 48 were already there, 0 failed: there was nothing left to compute',
    );
    expect(stdout).toContain('published figures are not shown');

    const saved = JSON.parse(readFileSync(join(at('whole'), 'experiment.json'), 'utf8'));
    expect(saved.configuration).toMatchObject({ perUser: 12, folds: 2, threshold: 3.5, thresholdRule: 'gt' });
    const text = readFileSync(join(at('whole'), 'tables.txt'), 'utf8');
    for (const title of ['Accuracy, non-cold', 'Ranking @4, hard-cold', 'Ranking @10, hard-cold', 'Other', 'Cost']) {
      expect(text).toContain(title);
    }
    expect(text.match(/rating > 3\.5/g)?.length).toBe(first.tables.length);
    const roc = readFileSync(join(at('whole'), 'roc.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(roc[0]).toBe('scenario,label,recommender,use,k,false_positive_rate,true_positive_rate');
    const curves = new Set(roc.slice(1).map((line) => line.split(',', 2).join(' ')));
    const recommending = first.rows.filter(({ metrics }) => (metrics.averageRecommended?.mean ?? 0) > 0);
    expect([...curves]).toEqual(recommending.map(({ scenario, label }) => `${scenario} ${label}`));
  });

  it('refuses another experiment in the directory, naming what differs, and leaves what is there', async () => {
    const args = ['--ratings', ratings, '--models', 'baseline', '--scenarios', 'hard-cold'];
    await run('taken', args);
    const out = ['--out', at('taken')];
    expect(await refused([...args, ...out, '--threshold', '3'])).toContain('threshold differ');
    const other = await writeMovieLens(at('other'), { users: 31, movies: 40 });
    expect(await refused(['--ratings', other, ...args.slice(2), ...out])).toContain('data differ');
    expect(await refused([...args, '--out', ratings])).toContain('does not hold an experiment');
    expect((await run('taken', [...args, '--concurrency', '1'])).points.reused).toBe(2);
  });

  it('takes every key from a file or as a flag, a flag before the file', async () => {
    const config = {
      ...{ ratings, models: ['user-knn', 'svd'], scenarios: ['random'], folds: 3, seeds: [5], k: [3], threshold: 3 },
      ...{ thresholdRule: 'ge', years: { from: 1970, to: 1995 }, genres: ['Drama', 'Comedy'], minUserRatings: 2 },
      ...{ set: { 'user-knn': { neighbours: 7 }, svd: { factors: 4 } }, grid: { svd: { epochs: [2, 3] } } },
    };
    writeFileSync(at('config.json'), JSON.stringify(config));
    const fromFile = await run('from-file', [at('config.json')]);
    const fromFlags = await run('from-flags', [
      ...['--ratings', ratings, '--models', 'user-knn,svd', '--scenarios', 'random', '--folds', '3', '--seeds', '5'],
      ...['--k', '3', '--threshold', '3', '--threshold-rule', 'ge', '--years', '1970-1995', '--genres', 'Drama,Comedy'],
      ...['--min-user-ratings', '2', '--set', 'user-knn.neighbours=7', '--set', 'svd.factors=4'],
      ...['--grid', 'svd.epochs=2,3'],
    ]);
    expect(fromFlags.configuration).toEqual(fromFile.configuration);
    expect(figures(fromFlags)).toEqual(figures(fromFile));
    expect(fromFile.rows.map(({ label }) => label)).toEqual(['user-knn', 'svd (epochs 2)', 'svd (epochs 3)']);
    expect(fromFile.points.total).toBe(3 * 3);
    const over = await run('over', [at('config.json'), '--seeds', '6', '--set', 'user-knn.neighbours=3']);
    expect(over.configuration).toMatchObject({
      seeds: [6],
      set: { 'user-knn': { neighbours: 3 }, svd: { factors: 4 } },
    });
  });

  it('records a point that fails and continues, exit 3; the next run tries it again', async () => {
    const args = ['--ratings', ratings, '--models', 'baseline,svd', '--scenarios', 'non-cold'];
    const diverging = ['--set', 'svd.learningRate=1e30'];
    const failing = [...args, ...diverging];
    const result = await run('failing', failing, 3);
    expect(result.points).toEqual({ total: 4, computed: 2, reused: 0, failed: 2 });
    expect(result.failures[0]).toMatchObject({ label: 'svd', fold: 1, error: { name: 'UsageError' } });
    expect(result.failures[0]?.error.message).toContain('diverged');
    expect(result.failures[0]?.error.remedy).toMatch(/\.$/);
    expect(readdirSync(join(at('failing'), 'failed'))).toHaveLength(2);
    expect(result.rows.find(({ label }) => label === 'svd')).toMatchObject({ seeds: [], metrics: {} });
    const again = await run('failing', failing, 3);
    expect(again.points).toEqual({ total: 4, computed: 0, reused: 2, failed: 2 });
    await run('all-failing', ['--ratings', ratings, '--models', 'svd', ...diverging], 1);
    const text = await callReelflow(['experiment', ...failing, '--out', at('failing')]);
    expect(text.stdout).toMatch(/failed: non-cold, svd, seed 1, fold 1: .*diverged.*\n {2}\S.*\.\n/);
  });

  it('refuses a wrong configuration before anything is computed, exit 2', async () => {
    const given = ['--ratings', ratings];
    expect(await refused([])).toContain('--ratings');
    expect(await refused([...given, '--models', 'magic'])).toContain("'item-knn'");
    expect(await refused([...given, '--models', 'lstm-av'])).toContain('--features');
    expect(await refused([...given, '--set', 'svd.neighbours=3'])).toContain("no option 'neighbours'");
    expect(await refused([...given, '--set', 'item-knn.similarity=magic'])).toContain("'magic'");
    expect(await refused([...given, '--grid', 'deepcf.widths=8,4/8,0'])).toContain('widths[1]');
    expect(await refused([...given, '--set', 'svd=3'])).toContain('RECOMMENDER.KEY=VALUE');
    expect(await refused([...given, '--folds', '1'])).toContain('folds');
    expect(await refused([...given, '--genres', 'Opera'])).toContain("'Opera'");
    expect(await refused([...given, '--years', 'old'])).toContain('--years');
    expect(await refused(['--ratings', at('nowhere')])).toContain('nowhere');
    writeFileSync(at('wrong.json'), JSON.stringify({ ratings, seed: 1 }));
    expect(await refused([at('wrong.json')])).toContain("unknown key 'seed'");
    writeFileSync(at('broken.json'), '{"ratings": ');
    expect(await refused([at('broken.json')])).toContain('broken.json is not JSON');
    expect(() => readdirSync(at('refused'))).toThrow('ENOENT');
  });

  it('keeps the finished points when it is interrupted, and continues with the rest', async () => {
    // The second training waits at its start until the file is removed, so the interrupt finds it.
    const gate = at('gate');
    writeFileSync(
      at('gated.mjs'),
      `import { existsSync, writeFileSync } from 'node:fs';
      let fits = 0;
      const fit = async () => {
        if (++fits !== 3 || !existsSync('${gate}')) return;
        writeFileSync('${gate}-reached', '');
        while (existsSync('${gate}')) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      const predict = (users, items) => Float32Array.from(users, (user, row) => 1 + ((user + items[row]) % 5));
      export default { name: 'gated', version: '1', make: () => ({ fit, predict }) };`,
    );
    const args = ['--ratings', ratings, '--recommenders', `${at('gated.mjs')},deepcf`, '--scenarios', 'hard-cold'];
    const net = ['--set', 'deepcf.embedding=4', '--set', 'deepcf.epochs=2', '--concurrency', '1'];
    writeFileSync(gate, '');
    const running = startCli(['experiment', '--out', at('interrupted'), '--json', ...args, ...net]);
    await running.until(() => existsSync(`${gate}-reached`));
    running.kill('SIGINT');
    await running.until(() => running.stderr().includes('finishing the'));
    rmSync(gate);
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    const first = JSON.parse(stdout) as ExperimentResult;
    // The point in progress is finished, no other begins.
    expect(first).toMatchObject({ interrupted: true, points: { total: 4, computed: 2, reused: 0, failed: 0 } });
    const rest = await run('interrupted', [...args, ...net]);
    expect(rest.points).toMatchObject({ reused: 2, computed: 2 });
    const uninterrupted = await run('uninterrupted', [...args, ...net.slice(0, -1), '2']);
    expect(figures(rest)).toEqual(figures(uninterrupted));
  });

  it('lets the training of a network in progress finish when it is interrupted', async () => {
    const args = ['--ratings', ratings, '--recommenders', 'deepcf', '--scenarios', 'hard-cold', '--seeds', '1,2,3'];
    const net = ['--set', 'deepcf.embedding=4', '--set', 'deepcf.epochs=30', '--set', 'deepcf.patience=30'];
    const command = ['experiment', '--out', at('network'), '--json', '--concurrency', '1', ...args, ...net];
    const points = () => (existsSync(at('network/points')) ? readdirSync(at('network/points')) : []);
    const finished = () => points().some((name) => !name.startsWith('.'));
    const { code, stdout, stderr } = await reelflow(command, { send: 'SIGINT', when: finished });
    expect(code, stderr).toBe(130);
    const { interrupted, points: counts } = JSON.parse(stdout) as ExperimentResult;
    expect(interrupted).toBe(true);
    expect(counts.computed).toBe(points().length);
    expect(counts.failed).toBe(0);
  });
});

describe('reelflow experiment with features', () => {
  async function store(name: string, seed: number): Promise<string> {
    const shape = { subclips: 2, streams: [{ name: 'visual', dimension: 3 }] };
    const writer = await ItemStoreWriter.create(at(name), shape, { synthetic: 'true' });
    const next = numbersOf(seed);
    // The last two movies have none.
    for (let movie = 1; movie <= 38; movie++) {
      await writer.add({ itemId: String(movie), vectors: { visual: Float32Array.from({ length: 6 }, next) } });
    }
    await writer.close();
    return at(name);
  }

  it('trains the audiovisual recommenders on the items that have some, and compares several features', async () => {
    const [mean, medmad] = [await store('mean.arrow', 3), await store('medmad.arrow', 5)];
    const net = { form: 'thesis', embedding: 4, widths: [4, 2], join: 1, lstm: [3], epochs: 1 };
    const config = {
      ...{ ratings, features: { mean, medmad }, models: ['deepcf', 'lstm-av', 'dcf-av-1'], scenarios: ['hard-cold'] },
      set: { 'lstm-av': net, 'dcf-av-1': net, deepcf: { epochs: 1 } },
    };
    writeFileSync(at('features.json'), JSON.stringify(config));
    const result = await run('features', [at('features.json')]);
    expect(result.failures).toEqual([]);
    expect(result.rows.map(({ label }) => label)).toEqual([
      'deepcf',
      ...['lstm-av (features mean)', 'lstm-av (features medmad)'],
      ...['dcf-av-1 (features mean)', 'dcf-av-1 (features medmad)'],
    ]);
    const oneByOne = await run('one-by-one', [at('features.json'), '--concurrency', '1']);
    expect(figures(oneByOne)).toEqual(figures(result));
    const compared = result.tables.find(({ kind }) => kind === 'features');
    expect(compared).toMatchObject({ thesisTable: 26 });
    expect(compared?.rows).toHaveLength(4);
    const points = readdirSync(join(at('features'), 'points'));
    const point = JSON.parse(readFileSync(join(at('features'), 'points', String(points[0])), 'utf8'));
    expect(point.counts.items).toBe(38);
  });
});
