import { expect, test } from 'vitest';
import { readPredictions } from '../../../src/io/ratings/read-predictions.ts';
import { fileOf } from './fixtures.ts';

test('predictions are read beside the ratings, columns in any order', async () => {
  const path = await fileOf('prediction,item,user,rating\n3.25,7,1,4\n-0.5,8,2,1\n', 'predictions.csv');
  const { table, report } = await readPredictions(path);
  expect(table).toEqual({
    users: Int32Array.of(0, 1),
    items: Int32Array.of(0, 1),
    ratings: Float32Array.of(4, 1),
    predictions: Float64Array.of(3.25, -0.5),
    userIds: ['1', '2'],
    itemIds: ['7', '8'],
  });
  expect(report.lines).toBe(3);
});

test('a prediction that is not a number is a bad line', async () => {
  const path = await fileOf('user,item,rating,est\n1,7,4,nan\n2,7,4,3\n', 'predictions.csv');
  const columns = { prediction: 'est' };
  await expect(readPredictions(path, { columns })).rejects.toMatchObject({
    line: 2,
    reason: "the prediction 'nan' is not a number",
  });
  const { table } = await readPredictions(path, { columns, skipBadLines: true });
  expect(table.predictions).toEqual(Float64Array.of(3));
});

test('a file without a column of predictions is refused', async () => {
  await expect(readPredictions(await fileOf('user,item,rating\n1,2,3\n'))).rejects.toThrow("no column 'prediction'");
});
