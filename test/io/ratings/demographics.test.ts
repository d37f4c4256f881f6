import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readDemographics } from '../../../src/io/ratings/demographics.ts';
import { userFieldsOf } from '../../../src/models/recommenders/pairs/user-fields.ts';

async function read(text: string) {
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-users-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'users');
  await writeFile(path, text);
  return readDemographics(path);
}

it.each([
  ['MovieLens 100K', '1|24|M|technician|85711\r\n2|53|F|other|94043\n'],
  ['MovieLens 1M', '1::M::18::17::48067\n2::F::50::0::70072\n'],
  ['a CSV', 'userId,age,gender,occupation,zip\n1,20,M,technician,85711\n2,55,F,other,\n'],
])('users of %s have groups of ages, and no postcode', async (_, text) => {
  expect([...(await read(text))]).toEqual([
    ['1', { age: '18 to 24', gender: 'M', occupation: 'technician' }],
    ['2', { age: '50 to 55', gender: 'F', occupation: 'other' }],
  ]);
});

it('fields are numbers in ascending order of their values, 0 where nothing is known', async () => {
  const facts = await read('userId,plan,age\n7,basic,\n8,full,17\n9,,70\n');
  expect(userFieldsOf(['7', '8', '9', '10'], facts)).toEqual({
    names: ['age', 'plan'],
    counts: [2, 2],
    codes: Int32Array.of(0, 1, 2, 2, 1, 0, 0, 0),
  });
});

it('a list without ids, or with a user twice, is refused', async () => {
  await expect(read('name,age\nAnn,20\n')).rejects.toMatchObject({ code: 'ratings' });
  await expect(read('userId,age\n1,20\n1,30\n')).rejects.toThrow("the user '1' twice");
});
