import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'own-metrics-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const hitRate = (version: string) =>
  `{ name: 'hitRate', version: '${version}', ofUser: ({ relevant }, k) => (relevant.subarray(0, k).includes(1) ? 1 : 0) }`;
const second =
  "{ name: 'secondIsRelevant', version: '1', ofUser: ({ relevant }, k) => (k < 2 ? NaN : relevant[1] ?? NaN), column: 'second' }";
writeFileSync(at('hit-rate.mjs'), `export default ${hitRate('1')};`);
writeFileSync(at('two.mjs'), `export const two = [${hitRate('1')}, ${second}];`);
writeFileSync(at('unversioned.mjs'), "export default { name: 'hitRate', ofUser: () => 1 };");
writeFileSync(at('taken.mjs'), "export default { name: 'ndcg', version: '1', ofUser: () => 1 };");
writeFileSync(at('nothing.mjs'), 'export const five = 5;');
writeFileSync(
  at('means.mjs'),
  `export default {
    name: 'three', version: '1',
    make: () => ({ name: 'three', fit() {}, predict: (users) => new Float32Array(users.length).fill(3) }),
  };`,
);
writeFileSync(
  at('predictions.csv'),
  'user,item,rating,prediction\na,x,5,4.5\na,y,1,4\na,z,5,3\nb,x,1,5\nb,y,5,4\nb,z,1,1\n',
);
const rows = Array.from({ length: 12 }, (_, user) =>
  Array.from({ length: 6 }, (_, item) => `u${user},i${item},${((user * 7 + item * 3) % 5) + 1}`),
).flat();
writeFileSync(at('ratings.csv'), `userId,movieId,rating\n${rows.join('\n')}\n`);
writeFileSync(at('train.csv'), `userId,movieId,rating\n${rows.filter((_, row) => row % 3 > 0).join('\n')}\n`);
writeFileSync(at('test.csv'), `userId,movieId,rating\n${rows.filter((_, row) => row % 3 === 0).join('\n')}\n`);

describe('a metric of one’s own in commands', () => {
  const evaluated = (...modules: string[]) =>
    callReelflow(['evaluate', '--predictions', at('predictions.csv'), '--k', '1,2', '--metrics', modules.join(',')]);
  const experiment = (...flags: string[]) =>
    callReelflow([
      'experiment',
      ...['--ratings', at('ratings.csv'), '--recommenders', 'baseline,random', '--scenarios', 'non-cold'],
      ...['--k', '2', '--out', at('results'), ...flags],
    ]);

  it('is computed by evaluate from a file of predictions, as text and as JSON', async () => {
    const { code, stdout, stderr } = await evaluated(`${at('two.mjs')}#two`);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^hitRate +0\.5000 +1\.0000 *$/m);
    const { stdout: json } = await callReelflow([
      ...['evaluate', '--predictions', at('predictions.csv'), '--k', '1,2', '--json'],
      ...['--metrics', at('hit-rate.mjs')],
    ]);
    expect(JSON.parse(json).ranking).toMatchObject({ 1: { hitRate: 0.5 }, 2: { hitRate: 1 } });
  });

  it('scores a recommender of one’s own', async () => {
    const { code, stdout, stderr } = await callReelflow([
      ...['evaluate', '--train', at('train.csv'), '--test', at('test.csv'), '--recommender', at('means.mjs')],
      ...['--metrics', at('hit-rate.mjs'), '--json'],
    ]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ recommender: 'three', ranking: { 4: { hitRate: expect.any(Number) } } });
  });

  it('is in the tables of an experiment, compared and selected by, and named in a configuration file', async () => {
    const { code, stdout, stderr } = await experiment('--metrics', at('hit-rate.mjs'), '--compare-to', 'baseline');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Ranking @2[\s\S]*hitRate/);
    expect(readFileSync(at('results/results.csv'), 'utf8')).toContain('hitRate@2');
    const configuration = {
      ratings: at('ratings.csv'),
      recommenders: ['item-knn'],
      scenarios: ['non-cold'],
      grid: { 'item-knn': { neighbours: [1, 3] } },
      select: 'hitRate',
      metrics: [at('hit-rate.mjs')],
    };
    writeFileSync(at('experiment.json'), JSON.stringify(configuration));
    const selected = await callReelflow(['experiment', at('experiment.json'), '--out', at('selected')]);
    expect(selected.code, selected.stderr).toBe(0);
    expect(selected.stdout).toContain('item-knn (selected by hitRate)');
  });

  it('belongs to the identity of an experiment, with its version and its code', async () => {
    const again = await experiment('--metrics', at('hit-rate.mjs'));
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('nothing left to compute');
    writeFileSync(at('hit-rate.mjs'), `export default ${hitRate('2')};`);
    const { code, stderr } = await experiment('--metrics', at('hit-rate.mjs'));
    expect(code).toBe(2);
    expect(stderr).toContain('holds another experiment: metrics differ');
  });

  it.each([
    ['none.mjs', 'cannot be loaded'],
    ['nothing.mjs', "exports no definition of a metric as 'default', but five"],
    ['unversioned.mjs', "exports as 'default' what is not a metric: `version` must be"],
    ['taken.mjs', "cannot have the name 'ndcg'"],
    ['predictions.csv', 'is not a JavaScript or TypeScript file'],
  ])('is refused from %s, saying why', async (module, why) => {
    const { code, stderr } = await evaluated(at(module));
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
