import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FOLD_KINDS } from '../../../src/io/ratings/folds.ts';
import { readGivenSplit } from '../../../src/io/ratings/given-split.ts';
import { float32Text } from '../../../src/io/ratings/rating-text.ts';
import { makeScenario } from '../../../src/io/ratings/scenarios.ts';
import { readScenario, saveScenario } from '../../../src/io/ratings/split-file.ts';
import { fileOf, type Rating, ratingsOf, tableOf, temporaryDirectory } from './fixtures.ts';

const ratings = Array.from({ length: 400 }, (_, row): Rating => {
  const [user, item] = [row % 20, Math.floor(row / 20)];
  return [user === 3 ? 'Anna, "A"' : String(user), item === 5 ? ' spaced' : String(item), Math.fround(row / 7)];
});

test.each(FOLD_KINDS)('a saved %s scenario reads back exactly, and saves to the same bytes again', async (kind) => {
  const directory = await temporaryDirectory();
  const filter = { itemsWithFeatures: new Set(ratings.map(([, item]) => item)) };
  const scenario = makeScenario(tableOf(ratings), { kind, filter, ratingsPerUser: 15, folds: 3, seed: 9 });
  await saveScenario(scenario, join(directory, 'deep/one'));
  const read = await readScenario(join(directory, 'deep/one'));
  expect(read).toEqual(scenario);
  await saveScenario(read, join(directory, 'two'));
  for (const name of ['scenario.json', 'ratings.csv', 'fold-2/train.csv', 'fold-3/validation.csv']) {
    expect(await readFile(join(directory, 'two', name))).toEqual(await readFile(join(directory, 'deep/one', name)));
  }
  expect(await readdir(directory)).toEqual(['deep', 'two']);
});

test('a saved fold is plain CSV with a header', async () => {
  const directory = join(await temporaryDirectory(), 'saved');
  const table = tableOf(['1', '2', '3', '4'].map((item): Rating => ['7', item, 3.5]));
  const scenario = makeScenario(table, { kind: 'hard-cold', validation: { kind: 'none' } });
  await saveScenario(scenario, directory);
  const [split] = scenario.splits;
  const lines = ratingsOf(scenario.ratings, split?.test).map((rating) => `${rating.join(',')}\n`);
  expect(lines).toHaveLength(1);
  expect(await readFile(join(directory, 'fold-1/test.csv'), 'utf8')).toBe(`user,item,rating\n${lines.join('')}`);
  expect(await readFile(join(directory, 'fold-1/validation.csv'), 'utf8')).toBe('user,item,rating\n');
});

test('a changed, missing or foreign file is refused, and nothing is overwritten', async () => {
  const directory = join(await temporaryDirectory(), 'saved');
  const scenario = makeScenario(tableOf(ratings), { kind: 'random' });
  await saveScenario(scenario, directory);
  await expect(saveScenario(scenario, directory)).rejects.toMatchObject({ code: 'exists' });
  await appendFile(join(directory, 'fold-1/test.csv'), '1,2,3\n');
  await expect(readScenario(directory)).rejects.toThrow(/test.csv has been changed/);
  await expect(readScenario(join(directory, 'fold-1'))).rejects.toThrow('cannot be read');
  const json = join(directory, 'scenario.json');
  for (const text of ['{', 'null', '{"format":"reelflow-scenario-1"}']) {
    await writeFile(json, text);
    await expect(readScenario(directory)).rejects.toMatchObject({ code: 'ratings' });
  }
});

test('a description cannot name a file outside its directory', async () => {
  const directory = join(await temporaryDirectory(), 'saved');
  await saveScenario(makeScenario(tableOf(ratings), { kind: 'random' }), directory);
  const json = join(directory, 'scenario.json');
  await writeFile(json, (await readFile(json, 'utf8')).replace('"name": "fold-1"', '"name": "../fold-1"'));
  await expect(readScenario(directory)).rejects.toThrow("'-' and '_', but is '../fold-1'");
});

test('an id with a line break cannot be saved, and nothing is left behind', async () => {
  const directory = await temporaryDirectory();
  const broken = tableOf(ratings.map(([user, item, value]) => [user === '2' ? '2\n' : user, item, value]));
  const saving = saveScenario(makeScenario(broken, { kind: 'random' }), join(directory, 'saved'));
  await expect(saving).rejects.toThrow("ids with a line break cannot be saved, but there is '2\\n'");
  expect(await readdir(directory)).toEqual([]);
});

test('an empty directory may take the scenario, a used one not', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'empty'));
  const scenario = makeScenario(tableOf(ratings), { kind: 'random' });
  await saveScenario(scenario, join(directory, 'empty'));
  expect(await readScenario(join(directory, 'empty'))).toEqual(scenario);
  await writeFile(join(directory, 'file'), 'x');
  await expect(saveScenario(scenario, join(directory, 'file'))).rejects.toMatchObject({ code: 'exists' });
  expect(await readdir(directory)).toEqual(['empty', 'file']);
});

test('a given split is read in file order, saved, and read back', async () => {
  const train = await fileOf('9\t5\t3\t1\n2\t6\t4\t1\n', 'u1.base');
  const held = await fileOf('9\t7\t1\t1\n', 'u1.held');
  const tested = await fileOf('2\t5\t2\t1\n4\t8\t5\t1\n', 'u1.test');
  const { scenario, reports } = await readGivenSplit({ train, test: tested, validation: held });
  expect(scenario.ratings.userIds).toEqual(['9', '2', '4']);
  expect(scenario.splits.map((split) => [split.train, split.validation, split.test].map((rows) => [...rows]))).toEqual([
    [[0, 1], [2], [3, 4]],
  ]);
  expect(reports.map(({ lines }) => lines)).toEqual([2, 1, 2]);
  const directory = join(await temporaryDirectory(), 'given');
  await saveScenario(scenario, directory);
  expect(await readScenario(directory)).toEqual(scenario);
});

test('a given split with one rating in both files is refused', async () => {
  const [train, test] = [await fileOf('1,2,3\n4,5,1\n'), await fileOf('4,5,1\n')];
  await expect(readGivenSplit({ train, test })).rejects.toMatchObject({ code: 'overlap' });
});

test('every float32 is written shortly and reads back as itself', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(float32Text(value)))).toBe(value === 0 ? Math.abs(value) : value);
    }),
  );
  expect(float32Text(Math.fround(3.7))).toBe('3.7');
});
