import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { RatingFileError } from '../../../src/io/ratings/bad-lines.ts';
import { readRatings } from '../../../src/io/ratings/read-ratings.ts';
import { fileOf, ratingsOf, temporaryDirectory } from './fixtures.ts';

const expected = [
  ['1', '31', 2.5],
  ['1', '1029', 3],
  ['22', '31', 4],
];

describe('ratings are read from', () => {
  test.each([
    ['MovieLens 100K', '1\t31\t2.5\t881250949\n1\t1029\t3\t891717742\n22\t31\t4\t878887116\n'],
    ['MovieLens 1M and 10M', '1::31::2.5::978300760\n1::1029::3::978302109\n22::31::4::978301968\n'],
    ['MovieLens 20M', 'userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,3.0,1260759179\n22,31,4.0,12\n'],
    ['CSV without a header', '1,31,2.5\n1,1029,3\n22,31,4\n'],
    ['columns in another order', 'rating;note;item_id;User\n2.5;a;31;1\n3;;1029;1\n4;c;31;22\n'],
    ['lines with a byte-order mark and CRLF', '\ufeffuser,item,rating\r\n1,31,2.5\r\n1,1029,3\r\n22,31,4\r\n'],
    ['a file without a last newline', 'user,item,rating\n1,31,2.5\n1,1029,3\n22,31,4'],
    ['a file with empty lines', 'user,item,rating\n\n1,31,2.5\n  \n1,1029,3\r\n\r\n22,31,4\n\n'],
    ['quoted fields', '"user","item","rating"\n"1","31","2.5"\n1,"1029",3\n"22",31,"4"\n'],
    ['fields with spaces around', 'user, item, rating\n1, 31, 2.5\n 1 ,1029 , 3 \n22, 31, 4\n'],
  ])('%s', async (_, text) => {
    const { ratings, report } = await readRatings(await fileOf(text));
    expect(ratingsOf(ratings)).toEqual(expected);
    expect(ratings.userIds).toEqual(['1', '22']);
    expect(ratings.timestamps).toBeUndefined();
    expect(report.badLines).toEqual({ count: 0, first: [] });
  });

  test('columns of any names', async () => {
    const path = await fileOf('wer,was,wie\nanna,x,1\n');
    const columns = { user: 'wer', item: 'was', rating: 'wie' };
    expect(ratingsOf((await readRatings(path, { columns })).ratings)).toEqual([['anna', 'x', 1]]);
    await expect(readRatings(path)).rejects.toThrow(
      /known names for users, items and ratings; it has 'wer', 'was', 'wie'/,
    );
    await expect(readRatings(path, { columns: { ...columns, item: 'that' } })).rejects.toThrow(/no column 'that'/);
  });

  test('an id written 1.0, as data frames do, is 1', async () => {
    const { ratings } = await readRatings(
      await fileOf('user,item,rating\n1,10,5\n1.0,20.0,4\n2.00,10.0,3\n1.5,x.0,2\n'),
    );
    expect(ratings.userIds).toEqual(['1', '2', '1.5']);
    expect(ratings.itemIds).toEqual(['10', '20', 'x.0']);
  });

  test('ids that are texts, large numbers or not UTF-8', async () => {
    const ids = ['007', '7', 'a,"b"', 'd\u00e9j\u00e0', '12345678901234567890', '999999999', '-3', '20000000'];
    const lines = ids.map((id) => `"${id.replaceAll('"', '""')}",5,1`);
    const text = Buffer.from(`user,item,rating\n${lines.join('\n')}\n`);
    const latin = Buffer.concat([text, Buffer.from('caf\u00e9,5,1\n', 'latin1')]);
    const { ratings } = await readRatings(await fileOf(latin));
    expect(ratings.userIds).toEqual([...ids, 'caf\u00e9']);
    expect(ratings.itemIds).toEqual(['5']);
  });

  test('lines longer than a block of the reader, when they are skipped', async () => {
    const text = `user,item,rating\n1,2,3\n${'x'.repeat(2_500_000)}\n4,5,1\n`;
    const { ratings, report } = await readRatings(await fileOf(text), { skipBadLines: true });
    expect(ratingsOf(ratings)).toEqual([
      ['1', '2', 3],
      ['4', '5', 1],
    ]);
    expect(report.badLines.first).toMatchObject([{ line: 3, reason: expect.stringContaining('longer than') }]);
  });

  test('those of one user without a column of users, where that is expected', async () => {
    const path = await fileOf('movieId,rating,note\n31,4,a\n"B, 2",2.5,"c"\n');
    const { ratings } = await readRatings(path, { onlyUser: 'me' });
    expect(ratingsOf(ratings)).toEqual([
      ['me', '31', 4],
      ['me', 'B, 2', 2.5],
    ]);
    await expect(readRatings(path)).rejects.toThrow('no columns with known names');
    const named = await readRatings(await fileOf('user,item,rating\n7,31,4\n'), { onlyUser: 'me' });
    expect(ratingsOf(named.ratings)).toEqual([['7', '31', 4]]);
  });

  test('more lines than fit in one block, the numbers as JavaScript reads them', async () => {
    const ratingText = fc.oneof(
      fc.integer({ min: 0, max: 10 }).map((half) => (half / 2).toFixed(1)),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(String),
    );
    const [texts] = fc.sample(fc.array(ratingText, { minLength: 500, maxLength: 500 }), { seed: 4, numRuns: 1 });
    const lines = Array.from({ length: 100_000 }, (_, row) => `${row},${row % 977},${texts?.[row % 500]}`);
    const { ratings, report } = await readRatings(await fileOf(`user,item,rating\n${lines.join('\n')}`));
    expect(report.lines).toBe(100_001);
    expect(ratings.values).toEqual(Float32Array.from(lines, (line) => Number(line.split(',')[2])));
    expect(ratings.items).toEqual(Int32Array.from(lines, (_, row) => row % 977));
  });

  test('numbers of any length and with any number of spaces around', async () => {
    const long = [`${'0'.repeat(500)}3`, `${' '.repeat(500)}3`, `3.${'0'.repeat(500)}`, `"3${' '.repeat(500)}"`];
    const path = await fileOf(
      `user,item,rating,time\n${long.map((text, line) => `${line},1,${text},${text}\n`).join('')}`,
    );
    const { ratings } = await readRatings(path, { timestamps: true });
    expect([...ratings.values]).toEqual([3, 3, 3, 3]);
    expect([...(ratings.timestamps ?? [])]).toEqual([3, 3, 3, 3]);
  });

  test('whole numbers beyond 2^53: ids as they are, times as near as float64 can be', async () => {
    const path = await fileOf(
      'user,item,rating,time\n9007199254740993,18446744073709551616,3,1700000000123456789\n-1,0,1,-5\n',
    );
    const { ratings } = await readRatings(path, { timestamps: true });
    expect([ratings.userIds, ratings.itemIds]).toEqual([
      ['9007199254740993', '-1'],
      ['18446744073709551616', '0'],
    ]);
    expect([...(ratings.timestamps ?? [])]).toEqual([Number(1_700_000_000_123_456_789n), -5]);
  });

  test('files with times, where they are asked for', async () => {
    const path = await fileOf('1\t31\t2.5\t881250949\n1\t1029\t3\t1.5e9\n', 'u.data');
    const { ratings } = await readRatings(path, { timestamps: true });
    expect(ratings.timestamps).toEqual(Float64Array.of(881250949, 1.5e9));
    await expect(readRatings(await fileOf('1,2,3\n'), { timestamps: true })).rejects.toThrow('has no timestamps');
  });
});

describe('a bad line', () => {
  const head = 'user,item,rating\n1,31,2.5\n';
  test.each([
    ['2,31', 'it has 2 fields where 3 are expected'],
    ['2,31,4,5', 'it has 4 fields where 3 are expected'],
    ['2,31,four', "the rating 'four' is not a number"],
    ['2,31,NaN', "the rating 'NaN' is not a number"],
    ['2,31,Infinity', "the rating 'Infinity' is not a number"],
    ['2,31,0x3', "the rating '0x3' is not a number"],
    ['2,31,1.2.3', "the rating '1.2.3' is not a number"],
    ['2,31,.', "the rating '.' is not a number"],
    ['2,31,', 'the rating is empty'],
    [',31,3', 'the user id is empty'],
    ['2, ,3', 'the item id is empty'],
    ['2,31,5.5', 'the rating 5.5 is outside the scale from 0.5 to 5'],
    ['2,"31,3', 'a quoted field is not closed on the same line'],
    ['2,"31",3,"4"', 'it has 4 fields where 3 are expected'],
    ['2,\u0000\u0007,x\u0007', "the rating 'x\\u0007' is not a number"],
  ])('%j is refused with file, line and reason, or passed over and counted', async (line, reason) => {
    const path = await fileOf(`${head}${line}\n9,31,4\n`);
    const options = { scale: { minimum: 0.5, maximum: 5 } };
    const error = await readRatings(path, options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RatingFileError);
    expect(error).toMatchObject({ code: 'bad-line', file: path, line: 3, reason });
    const { ratings, report } = await readRatings(path, { ...options, skipBadLines: true });
    expect(ratingsOf(ratings)).toEqual([
      ['1', '31', 2.5],
      ['9', '31', 4],
    ]);
    expect(report.badLines).toEqual({ count: 1, first: [{ file: path, line: 3, reason }] });
  });

  test('after the tenth is only counted', async () => {
    const path = await fileOf(`${head}${'bad\n'.repeat(25)}`);
    const { report } = await readRatings(path, { skipBadLines: true });
    expect(report.badLines.count).toBe(25);
    expect(report.badLines.first).toHaveLength(10);
  });
});

test.each([
  ['empty', '', 'is empty'],
  ['a header alone', 'user,item,rating\n', 'has no ratings'],
  ['only bad lines', 'user,item,rating\nx\n', 'has no ratings, only 1 bad lines'],
  ['prose', 'Once upon a time\n', 'columns with known names'],
  ['packed', Buffer.of(0x1f, 0x8b, 8, 0), 'is compressed with gzip'],
  ['UTF-16', Buffer.from('\ufeffuser,item,rating\n', 'utf16le'), 'is UTF-16'],
  ['binary', Buffer.alloc(100), 'not a text file'],
])('a file that is %s is refused as a whole', async (_, content, message) => {
  const error = await readRatings(await fileOf(content), { skipBadLines: true }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toContain(message);
});

test('a file that is not there is refused', async () => {
  await expect(readRatings(`${await temporaryDirectory()}/none.csv`)).rejects.toThrow('cannot be read');
});

describe('a second rating of an item by a user', () => {
  const text = 'user,item,rating\n1,5,1\n\n2,5,2\n1,6,3\n1,5,4\n2,5,5\n';

  test('is refused with both lines', async () => {
    await expect(readRatings(await fileOf(text))).rejects.toMatchObject({
      code: 'duplicate',
      line: 6,
      reason: "user '1' has already rated item '5', in line 2",
    });
  });

  test.each([
    ['first', ['1/5/1', '2/5/2', '1/6/3']],
    ['last', ['1/6/3', '1/5/4', '2/5/5']],
  ] as const)('may be settled: the %s counts', async (duplicateRatings, left) => {
    const { ratings, report } = await readRatings(await fileOf(text), { duplicateRatings });
    expect(ratingsOf(ratings).map((rating) => rating.join('/'))).toEqual(left);
    expect(report.duplicates).toBe(2);
  });
});

test('reading stops when it is aborted', async () => {
  const path = await fileOf('user,item,rating\n1,2,3\n');
  await expect(readRatings(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
