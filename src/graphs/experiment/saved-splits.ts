import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import { isTimed } from '../../io/ratings/scenario-kinds.ts';
import type { Scenario } from '../../io/ratings/scenarios.ts';
import { readScenario } from '../../io/ratings/split-file.ts';
import { groupRows } from '../../models/group-rows.ts';
import type { ScenarioName } from './experiment-config.ts';

/** The name of the directory, within an experiment's splits, of a scenario for a seed. */
export function splitName(kind: ScenarioName, seed: number): string {
  return `${kind}_seed-${seed}`;
}

/** Saved splits found in a directory. */
export interface SavedSplits {
  /** SHA-256 of everything that they hold. */
  readonly hash: string;
  /** The scenarios that exist. */
  readonly kinds: readonly ScenarioName[];
  /** Number of folds of each; a scenario split by time has one. */
  readonly folds: number;
  /** Whether it is one scenario, the same for every seed. */
  readonly isSingle: boolean;
  /**
   * The scenario of a kind for a seed; a directory with only one scenario uses it for all seeds.
   *
   * @throws UsageError `ratings` when it does not exist, or one of its files was changed.
   */
  read(kind: ScenarioName, seed: number): Promise<Scenario>;
}

interface Found {
  readonly path: string;
  readonly kind: ScenarioName;
  readonly folds: number;
  readonly hash: string;
}

/**
 * Finds the splits of a directory: the `splits` of an experiment, or one scenario that
 * `saveScenario` wrote.
 *
 * @throws UsageError `ratings` when there are none, or they have different numbers of folds.
 */
export async function openSavedSplits(directory: string): Promise<SavedSplits> {
  const single = await describe(directory);
  const found = single === undefined ? await describeAll(directory) : new Map([['', single]]);
  const all = [...found.values()];
  const [first] = all;
  if (first === undefined) {
    throw notThere(`${directory} holds no saved split`);
  }
  const divided = all.filter(({ kind }) => kind === 'given' || !isTimed(kind));
  const { folds } = divided[0] ?? first;
  if (divided.some((each) => each.folds !== folds)) {
    throw notThere(`the splits of ${directory} have different numbers of folds`);
  }
  return {
    hash: sha256(...[...found].map(([name, { hash }]) => `${name} ${hash}\n`)),
    kinds: [...new Set(all.map(({ kind }) => kind))],
    folds,
    isSingle: single !== undefined,
    read: async (kind, seed) => {
      const wanted = single?.kind === kind ? single : found.get(splitName(kind, seed));
      if (wanted !== undefined) return readScenario(wanted.path);
      throw notThere(`${directory} has no split ${splitName(kind, seed)}: there are ${[...found.keys()].join(', ')}`);
    },
  };
}

/**
 * Checks that a saved split was made from these ratings.
 *
 * @throws UsageError `ratings` naming a user or an item that the ratings do not have, or a rating
 * that differs.
 */
export function checkSplitOf(split: RatingTable, ratings: RatingTable): void {
  for (const [what, ids, known] of [
    ['user', split.userIds, new Set(ratings.userIds)],
    ['item', split.itemIds, new Set(ratings.itemIds)],
  ] as const) {
    const unknown = ids.find((id) => !known.has(id));
    if (unknown === undefined) continue;
    throw notThere(`the saved split has ${what} '${unknown}', which the ratings do not have`);
  }
  checkValues(split, ratings);
}

/** Checks that each rating of a split is among the ratings, with the same value. */
function checkValues(split: RatingTable, ratings: RatingTable): void {
  const numbers = (ids: readonly string[]) => new Map(ids.map((id, index) => [id, index]));
  const [userOf, itemOf] = [numbers(ratings.userIds), numbers(ratings.itemIds)];
  const items = split.itemIds.map((id) => itemOf.get(id) as number);
  const own = groupRows(split.users, split.userIds.length);
  const all = groupRows(ratings.users, ratings.userIds.length);
  const values = new Float32Array(ratings.itemIds.length).fill(Number.NaN);
  for (const [user, id] of split.userIds.entries()) {
    const known = userOf.get(id) as number;
    const rows = all.rows.subarray(all.starts[known], all.starts[known + 1]);
    for (const row of rows) values[ratings.items[row] as number] = ratings.values[row] as number;
    for (const row of own.rows.subarray(own.starts[user], own.starts[user + 1])) {
      const item = split.items[row] as number;
      const found = values[items[item] as number] as number;
      if (found === split.values[row]) continue;
      const theirs = Number.isNaN(found) ? 'do not have it' : `have ${found}`;
      throw notThere(
        `the saved split has the rating ${split.values[row]} of item '${split.itemIds[item]}' by user '${id}', but the ratings ${theirs}`,
      );
    }
    for (const row of rows) values[ratings.items[row] as number] = Number.NaN;
  }
}

async function describeAll(directory: string): Promise<Map<string, Found>> {
  refuseAddress(directory);
  const names = await readdir(directory).catch((error: Error) => {
    throw notThere(`${directory} cannot be read: ${wordsOf(error)}`);
  });
  const found = new Map<string, Found>();
  for (const name of names.sort()) {
    const each = await describe(join(directory, name));
    if (each !== undefined) found.set(name, each);
  }
  return found;
}

/**
 * The content of a directory's `scenario.json`; undefined if there is none. `readScenario` checks
 * it.
 */
async function describe(path: string): Promise<Found | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, 'scenario.json'), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw notThere(`${path}/scenario.json cannot be read: ${wordsOf(error)}`, error);
  }
  try {
    const { kind, folds } = JSON.parse(text) as { kind: ScenarioName; folds: readonly unknown[] };
    return { path, kind, folds: folds.length, hash: sha256(text) };
  } catch (error) {
    throw notThere(`${path}/scenario.json is damaged: ${wordsOf(error)}`);
  }
}

function notThere(fact: string, cause?: unknown): UsageError {
  return new UsageError(fact, {
    code: 'ratings',
    option: 'split',
    remedy: "Name the `splits` of an experiment's directory, or a scenario that `saveScenario` wrote.",
    cause,
  });
}
