import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitRecommender } from '../../src/graphs/recommenders/fit-recommender.ts';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';
import { registerRecommender } from '../../src/graphs/recommenders/register-recommender.ts';
import { openMovieLens } from '../../src/io/ratings/movielens.ts';
import type { Recommender } from '../../src/models/recommenders/recommender.ts';
import { plantedFiles } from '../fixtures/planted-files.ts';
import { reelflow } from '../fixtures/run-cli.ts';

/** Predicts the mean of all ratings plus an option; notes beside itself how many it learnt from. */
const source = `
import { appendFileSync } from 'node:fs';
class Shifted {
  name = 'shifted';
  #by;
  #value = 0;
  constructor(by) { this.#by = by; }
  fit({ values }) {
    appendFileSync(new URL('learnt.txt', import.meta.url), values.length + '\\n');
    this.#value = values.reduce((sum, value) => sum + value, 0) / values.length + this.#by;
  }
  predict(users) { return new Float32Array(users.length).fill(Math.min(this.#value, 5)); }
}
export const shifted = {
  name: 'shifted',
  version: '1',
  options: [{ key: 'by', kind: 'number', default: '0', does: 'what is added' }],
  make: ({ options }) => new Shifted(options.by ?? 0),
};
export default shifted;
export const nothing = 5;
`;

let directory: string;
let files: { ratings: string; features: string };
const at = (...names: string[]) => join(directory, ...names);
const run = (...args: string[]) => reelflow(args, { cwd: directory });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'own-recommender-'));
  files = await plantedFiles(directory);
  writeFileSync(at('mine.mjs'), source);
  writeFileSync(at('plain.js'), source);
  writeFileSync(at('wrong.mjs'), 'export default {;');
  writeFileSync(at('spoken.mjs'), "export default { name: 'spoken', make: () => ({}) };");
  const typed = '{ fit() {}, predict: (users) => new Float64Array(users.length) }';
  writeFileSync(at('typed.mjs'), `export const typed = { name: 'typed', version: '1', make: () => (${typed}) };`);
});
afterAll(() => rm(directory, { recursive: true }));

describe('a recommender of one’s own in commands', () => {
  const experiment = (recommenders: string, ...flags: string[]) =>
    run('experiment', '--ratings', files.ratings, '--recommenders', recommenders, '--out', at('results'), ...flags);

  it.each([
    {
      that: 'throws',
      recommender: {
        fit: () => {
          throw new Error('no fit today');
        },
        predict: () => new Float32Array(2),
      },
      words: '`fit` of recommender odd failed: no fit today',
    },
    {
      that: 'gives too few numbers',
      recommender: { fit: () => {}, predict: () => new Float32Array(1) },
      words: 'returned 1 numbers',
    },
    {
      that: 'gives NaN',
      recommender: { fit: () => {}, predict: () => Float32Array.of(1, Number.NaN) },
      words: 'returned NaN for pair 1',
    },
    {
      that: 'gives numbers of another kind',
      recommender: { fit: () => {}, predict: (users: Int32Array) => new Float64Array(users.length) },
      words: 'returned a Float64Array',
    },
    {
      that: 'scores what it predicts with nothing',
      recommender: { fit: () => {}, predict: () => new Float32Array(2), score: () => undefined },
      words: '`score` of recommender odd must return',
    },
  ])('is refused as soon as it has learnt when it $that', async ({ recommender, words }) => {
    const make = () => ({ name: 'odd', ...recommender }) as unknown as Recommender;
    registerRecommender({ name: 'odd', version: '1', make });
    const { ratings, scale } = await openMovieLens(files.ratings);
    const train = Int32Array.from(ratings.values.keys());
    const data = { ratings, scale, train, validation: new Int32Array(0) };
    const fitted = fitRecommender(data, { recommender: 'odd', options: {}, seed: 1 });
    await expect(fitted).rejects.toMatchObject({ code: 'module', message: expect.stringContaining(words) });
  });

  it('takes part in an experiment, with its options, and learns from the rows that the others do', async () => {
    const flags = ['--scenarios', 'non-cold', '--set', 'shifted.by=0.5', '--json'];
    const { code, stdout, stderr } = await experiment('baseline,./mine.mjs', ...flags);
    expect(code, stderr).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows.map(({ label }: { label: string }) => label)).toEqual(['baseline', 'shifted']);
    const points = readdirSync(at('results', 'points')).map((name) =>
      JSON.parse(readFileSync(at('results', 'points', name), 'utf8')),
    );
    const point = (name: string) => points.find(({ recommender, fold }) => recommender === name && fold === 1);
    expect(point('shifted').counts).toEqual(point('baseline').counts);
    const learnt = readFileSync(at('learnt.txt'), 'utf8').trim().split('\n').map(Number);
    // First without the validation part, to be judged by it, and then with it.
    const { train, validation } = point('baseline').counts;
    expect(learnt.slice(0, 2)).toEqual([train - validation, train]);
  });

  it('is another experiment when its module has changed', async () => {
    const again = await experiment('baseline,./mine.mjs', '--scenarios', 'non-cold', '--set', 'shifted.by=0.5');
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('nothing left to compute');
    appendFileSync(at('mine.mjs'), '// changed\n');
    const { code, stderr } = await experiment(
      'baseline,./mine.mjs#shifted',
      '--scenarios',
      'non-cold',
      '--set',
      'shifted.by=0.5',
    );
    expect(code).toBe(2);
    expect(stderr).toContain('holds another experiment: data differ');
    writeFileSync(at('mine.mjs'), source);
  });

  it('is trained, and loaded again from the module that is named, never from what the saved file says', async () => {
    const out = at('saved');
    const trained = await run('train', './mine.mjs', '--ratings', files.ratings, '--out', out, '--set', 'by=0.25');
    expect(trained.code, trained.stderr).toBe(0);
    const facts = JSON.parse(readFileSync(at('saved', 'recommender.json'), 'utf8'));
    expect(facts).toMatchObject({
      recommender: 'shifted',
      options: { by: 0.25 },
      code: { module: { name: './mine.mjs' } },
    });
    const without = await run('recommend', out, '--user', 'u2');
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('whose code is not loaded');
    expect(without.stderr).toContain('--module');
    const named = await run('recommend', out, '--user', 'u2', '--module', './mine.mjs', '--json');
    expect(named.code, named.stderr).toBe(0);
    expect(JSON.parse(named.stdout)).toMatchObject({ recommender: 'shifted' });
    writeFileSync(at('other.mjs'), `${source}// another\n`);
    const other = await run('recommend', out, '--user', 'u2', '--module', './other.mjs');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('made by other code');
  });

  it.each([
    ['./none.mjs', 'cannot be loaded'],
    ['./mine.mjs#nothing', 'exports no definition of a recommender'],
    ['./mine.mjs#absent', 'default, nothing, shifted'],
    ['./wrong.mjs', "the module './wrong.mjs' cannot be loaded: Unexpected token"],
    ['./typed.mjs#typed', '`predict` of recommender typed (./typed.mjs#typed) must return a Float32Array of 2'],
    ['./spoken.mjs', "'./spoken.mjs' exports as 'default' what is not a definition: `version` must be"],
  ])('refuses %s, saying why', async (module, why) => {
    const { code, stderr } = await run('train', module, '--ratings', files.ratings, '--out', at('refused'));
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });

  it('may be a .js file beside no package.json, without a word of Node about it', async () => {
    const args = ['train', './plain.js', '--ratings', files.ratings, '--out', at('models', 'plain'), '--quiet'];
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('a recommender of one’s own in a program', () => {
  it.each([
    [{ name: 'svd', version: '1' }, 'cannot have the name'],
    [{ name: 'mine', version: '' }, 'version'],
    [{ name: 'mine', version: '1', make: 5 }, 'make'],
  ])('is refused as %o', (definition, why) => {
    expect(() => registerRecommender({ make: () => ({}), ...definition } as never)).toThrow(why);
  });

  it('is a recommender as any other under its name, and not loadable without it', async () => {
    const means = { fit: () => undefined, predict: (users: Int32Array) => new Float32Array(users.length).fill(3) };
    registerRecommender({ name: 'three', version: '1', make: () => ({ name: 'three', ...means }) });
    const { ratings, scale } = await openMovieLens(files.ratings);
    const train = Int32Array.from(ratings.values.keys());
    const data = { ratings, scale, train, validation: new Int32Array(0) };
    const fitted = await fitRecommender(data, { recommender: 'three', options: {}, seed: 1 });
    expect(await fitted.predict(Int32Array.of(0, 1), Int32Array.of(0, 1))).toEqual(Float32Array.of(3, 3));
    expect(recommenderNames).not.toContain('three');
    await expect(loadRecommender(at('saved'))).rejects.toThrow('whose code is not loaded');
  });
});
