import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import type { RatingTable } from '../../../src/io/ratings/rating-table.ts';

const realData = fileURLToPath(new URL('../../../../shared/data/ml-latest-small', import.meta.url));

/** The directory of MovieLens latest-small where it is present. */
export const movieLensSmall: string | undefined = existsSync(realData) ? realData : undefined;

/** A temporary directory, removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-ratings-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A file with these bytes or this text, removed when the test is over. */
export async function fileOf(content: string | Uint8Array, name = 'ratings.csv'): Promise<string> {
  const path = join(await temporaryDirectory(), name);
  await writeFile(path, content);
  return path;
}

/** One rating with its ids. */
export type Rating = readonly [user: string, item: string, value: number];

/** The ratings of a table in its order of rows. */
export function ratingsOf(table: RatingTable, rows: Iterable<number> = table.users.keys()): Rating[] {
  return [...rows].map((row) => [
    table.userIds[table.users[row] as number] as string,
    table.itemIds[table.items[row] as number] as string,
    table.values[row] as number,
  ]);
}

/** Ratings as sorted texts: equal for equal sets. */
export function setOf(ratings: readonly Rating[]): string[] {
  return ratings.map((rating) => rating.join('/')).sort();
}

/** A table of ratings in this order, ids numbered as they come. */
export function tableOf(ratings: readonly Rating[]): RatingTable {
  const [users, items] = [new Map<string, number>(), new Map<string, number>()];
  const number = (numbers: Map<string, number>, id: string): number => {
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id) as number;
  };
  return {
    users: Int32Array.from(ratings, ([user]) => number(users, user)),
    items: Int32Array.from(ratings, ([, item]) => number(items, item)),
    values: Float32Array.from(ratings, ([, , value]) => value),
    userIds: [...users.keys()],
    itemIds: [...items.keys()],
  };
}

/** Any ratings of up to 12 users and 15 items, each pair at most once, in any order. */
export const anyRatings: fc.Arbitrary<Rating[]> = fc.uniqueArray(
  fc.tuple(
    fc.integer({ min: 1, max: 12 }).map(String),
    fc.integer({ min: 1, max: 15 }).map((item) => (item % 4 === 0 ? `m${item}` : String(item))),
    fc.integer({ min: 1, max: 10 }).map((stars) => stars / 2),
  ),
  { minLength: 12, maxLength: 120, selector: ([user, item]) => `${user}/${item}` },
);

/** Some ratings and the same ones in another order. */
export const shuffledRatings: fc.Arbitrary<[Rating[], Rating[]]> = anyRatings.chain((ratings) =>
  fc
    .shuffledSubarray(ratings, { minLength: ratings.length, maxLength: ratings.length })
    .map((other) => [ratings, other] as [Rating[], Rating[]]),
);
