import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSavedRecommender } from '../../src/graphs/recommenders/saved-recommender.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { eventsOf } from '../fixtures/events.ts';
import { plantedFiles, smallNetworkFlags } from '../fixtures/planted-files.ts';
import { reelflow } from '../fixtures/run-cli.ts';
import { parseEvents } from '../io/tfevents/parse-events.ts';

let directory: string;
let files: { ratings: string; features: string };
const at = (...names: string[]) => join(directory, ...names);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'train-'));
  files = await plantedFiles(directory);
});
afterAll(() => rm(directory, { recursive: true }));

function train(model: string, out: string, ...flags: string[]) {
  return callReelflow(['train', model, '--ratings', files.ratings, '--out', at(out), ...flags]);
}

function network(model: string, out: string, ...flags: string[]) {
  return train(model, out, '--features', files.features, ...smallNetworkFlags, ...flags);
}

describe('reelflow train, on synthetic ratings and features', () => {
  it('takes ratings for what was chosen, and leaves the others out', async () => {
    const { code, stdout, stderr } = await train('popularity', 'chosen', '--implicit', 'ge:4', '--json');
    expect(code, stderr).toBe(0);
    const lines = readFileSync(join(files.ratings, 'ratings.csv'), 'utf8').trim().split('\n').slice(1);
    const high = lines.filter((line) => Number(line.split(',')[2]) >= 4);
    expect(high.length).toBeLessThan(lines.length);
    expect(JSON.parse(stdout)).toMatchObject({ ratings: high.length });
    const { facts, ratings } = await readSavedRecommender(at('chosen'));
    expect(facts.scale).toEqual({ minimum: 0, maximum: 1 });
    expect(new Set(ratings.values)).toEqual(new Set([1]));
  });

  it('trains a neural recommender, saves it, and tells how it went', async () => {
    const flags = ['--epochs', '6', '--seed', '5', '--logdir', at('log'), '--json', '--progress', 'ndjson'];
    const { code, stdout, stderr } = await network('dcf-av-1', 'av', ...flags);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ recommender: 'dcf-av-1', seed: 5, ratings: 360, validationRatings: 36, users: 24 },
      ...{ ratedItems: 20, unratedItems: 4, epochs: 6, resumed: false, alreadyTrained: false },
      options: { embedding: 8, widths: [8, 6, 4], lstm: [6, 4], batch: 32, epochs: 6 },
    });
    const { events, faults } = eventsOf(stderr);
    expect(faults).toEqual([]);
    expect(events.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({
      ...{ epoch: 6, epochs: 6, loss: expect.any(Number), validationLoss: expect.any(Number) },
    });
    expect(events.at(-1)).toMatchObject({ type: 'summary', epochs: 6 });
    expect(readdirSync(at('av')).sort()).toEqual([
      'ids.json',
      'ratings.safetensors',
      'recommender.json',
      'weights.safetensors',
    ]);
  });

  it('writes scalars and histograms of every epoch for TensorBoard', async () => {
    const [name = ''] = readdirSync(at('log'));
    const events = parseEvents(readFileSync(at('log', name)));
    const { history } = JSON.parse(readFileSync(at('av', 'recommender.json'), 'utf8'));
    const losses = events.filter(({ tag }) => tag === 'loss/training');
    expect(losses.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const [epoch, { trainingLoss, validationLoss, learningRate }] of history.entries()) {
      const scalar = (tag: string) => events.find((event) => event.tag === tag && event.step === epoch)?.scalar;
      expect(scalar('loss/training')).toBeCloseTo(trainingLoss, 6);
      expect(scalar('loss/validation')).toBeCloseTo(validationLoss, 6);
      expect(scalar('learning rate')).toBeCloseTo(learningRate, 6);
    }
    const items = events.filter(({ tag }) => tag === 'fit-1/collaborative/items');
    expect(items.map(({ histogram }) => histogram?.totals[2])).toEqual(Array(6).fill(24 * 8));
    expect(events.some(({ tag }) => tag === 'fit-1/content/text/lstm-2/recurrent')).toBe(true);
  });

  it('says so, and trains nothing, when the directory holds this very recommender', async () => {
    const before = readFileSync(at('av', 'recommender.json'));
    const again = await network('dcf-av-1', 'av', '--epochs', '6', '--seed', '5');
    expect(again.stdout).toContain('already holds this dcf-av-1');
    expect(readFileSync(at('av', 'recommender.json')).equals(before)).toBe(true);
    const other = await network('dcf-av-1', 'av', '--epochs', '6', '--seed', '6');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('holds a recommender of another training: ');
  });

  it('continues after Ctrl-C, and after a kill, to the same weights as without', async () => {
    const flags = ['--epochs', '12', '--checkpoint-steps', '3', '--seed', '9'];
    const whole = await network('dcf-av-2', 'whole', ...flags);
    expect(whole.code, whole.stderr).toBe(0);
    const parts = (send: NodeJS.Signals) =>
      reelflow(
        ['train', 'dcf-av-2', '--ratings', files.ratings, '--out', at('parts'), '--features', files.features].concat(
          smallNetworkFlags,
          [...flags, '--logdir', at('parts-log')],
        ),
        { send, when: () => existsSync(at('parts', 'checkpoint')) },
      );
    const stopped = await parts('SIGINT');
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain('the checkpoint is kept');
    expect(existsSync(at('parts', 'recommender.json'))).toBe(false);
    const refused = await network('dcf-av-2', 'parts', '--epochs', '12', '--checkpoint-steps', '3', '--seed', '10');
    expect(refused.stderr).toContain('belongs to another training');
    expect((await parts('SIGKILL')).signal).toBe('SIGKILL');
    const last = await network('dcf-av-2', 'parts', ...flags, '--logdir', at('parts-log'), '--json');
    expect(JSON.parse(last.stdout)).toMatchObject({ resumed: true, alreadyTrained: false });
    const weights = (out: string) => readFileSync(at(out, 'weights.safetensors'));
    expect(weights('parts').equals(weights('whole'))).toBe(true);
    expect(existsSync(at('parts', 'checkpoint'))).toBe(false);
    const noted = readdirSync(at('parts-log')).flatMap((name) => parseEvents(readFileSync(at('parts-log', name))));
    const epochs = noted.filter(({ tag }) => tag === 'loss/training').map(({ step }) => step);
    expect([...new Set(epochs)].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, epoch) => epoch));
  });

  it('starts from saved branches', async () => {
    const branch = await network('lstm-av', 'branch', '--form', 'thesis', '--epochs', '15', '--widths', '8,6');
    expect(branch.code, branch.stderr).toBe(0);
    const pretrained = JSON.stringify({ content: at('branch') });
    const flags = ['--form', 'thesis', '--epochs', '1', '--learning-rate', '1e-9', '--pretrained', pretrained];
    const started = await network('dcf-av-2', 'started', ...flags);
    expect(started.code, started.stderr).toBe(0);
    const [from, to] = [
      (await readSavedRecommender(at('branch'))).weights,
      (await readSavedRecommender(at('started'))).weights,
    ];
    const names = [...(from?.keys() ?? [])].filter((name) => name.startsWith('content/'));
    expect(names.length).toBe(23);
    for (const name of names) {
      const [before, after] = [from?.get(name)?.values ?? [], to?.get(name)?.values ?? []];
      expect(Math.max(...Array.from(before, (value, place) => Math.abs(value - (after[place] ?? 9))))).toBeLessThan(
        1e-5,
      );
    }
    const wrong = await network('dcf-av-2', 'wrong', '--pretrained', JSON.stringify({ collaborative: at('branch') }));
    expect(wrong.stderr).toContain('holds lstm-av, but the branch must be a deepcf');
  });

  it('names what is wrong with recommenders, options and features', async () => {
    expect((await train('knn', 'x')).stderr).toContain("must be one of 'random', 'popularity'");
    const option = await train('item-knn', 'x', '--widths', '3');
    expect(option.code).toBe(2);
    expect(option.stderr).toContain('recommender item-knn has no option `--widths`');
    expect(option.stderr).toContain('Its options are `--neighbours`, `--k`, `--minimum-neighbours`, `--similarity`');
    expect((await train('dcf-av-1', 'x')).stderr).toContain('[missing-features]');
    expect((await train('svd', 'x', '--factors', 'many')).stderr).toContain(
      "`--factors` must be an integer, but is 'many'",
    );
    expect((await train('svd', 'x', '--logdir', at('none'))).stderr).toContain(
      '`--logdir` is for recommenders that train in epochs',
    );
    expect(existsSync(at('x', 'recommender.json'))).toBe(false);
  });

  it('leaves out ratings of items without features, maps trailers, and counts both', async () => {
    const trailers = at('trailers.csv');
    const lines = Array.from({ length: 24 }, (_, film) => `${101 + film},${film < 10 ? 900 + film : 101 + film}`);
    writeFileSync(trailers, `youtubeId,movieId\n${lines.join('\n')}\n`);
    const { code, stdout, stderr } = await network('lstm-av', 'few', '--epochs', '1', '--trailers', trailers, '--json');
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      leftOut: { items: 10, ratings: 180 },
      ratings: 180,
      ratedItems: 10,
      unratedItems: 14,
    });
    expect(stderr).toContain('180 ratings of 10 items without features are left out');
  });
});
