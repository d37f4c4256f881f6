import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createFile, makeDirectory, syncDirectory, temporaryPath } from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { UsageError } from '../../core/errors.ts';
import { hashFile } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { fileFault } from './bad-lines.ts';
import type { RatingTable } from './rating-table.ts';
import { ratingText } from './rating-text.ts';
import { loadRatings } from './read-ratings.ts';
import { type ScenarioFile, scenarioFile } from './scenario-file.ts';
import type { Scenario } from './scenarios.ts';
import { selectRatings } from './select-ratings.ts';
import type { Split } from './split.ts';

const FORMAT = 'reelflow-scenario-1';
/** The parts of a split, with the names of their files. */
const PARTS = { train: 'train', validation: 'validation', foldIn: 'fold-in', test: 'test' } as const;

/**
 * Saves a scenario as a directory that any program can use: `ratings.csv` with all its ratings,
 * `fold-1/train.csv`, `fold-1/validation.csv`, `fold-1/test.csv`, ... (columns user, item, rating
 * and, if they were read, timestamp; UTF-8), and `scenario.json` with kind, parameters, seed,
 * counts and the SHA-256 of each file. The directory appears whole or not at all. Equal scenarios
 * give equal bytes.
 *
 * @throws UsageError `exists` when something other than an empty directory already exists;
 * SystemError `not-writable`, `disk-full`.
 */
export async function saveScenario(scenario: Scenario, directory: string): Promise<void> {
  const target = resolve(directory);
  await makeDirectory(dirname(target));
  const temporary = temporaryPath(dirname(target));
  try {
    await mkdir(temporary);
    const all = Int32Array.from(scenario.ratings.values.keys());
    const files: Record<string, string> = {
      'ratings.csv': await write(temporary, 'ratings.csv', ratingText(scenario.ratings, all)),
    };
    for (const split of scenario.splits) {
      checkName(split.name);
      await mkdir(join(temporary, split.name));
      for (const part of Object.keys(PARTS) as (keyof typeof PARTS)[]) {
        const rows = split[part];
        if (rows === undefined) continue;
        const name = fileOfPart(split.name, part);
        files[name] = await write(temporary, name, ratingText(scenario.ratings, rows.slice().sort()));
      }
      await syncDirectory(join(temporary, split.name));
    }
    const folds = scenario.splits.map(({ name, train, validation, test }) => ({
      name,
      train: train.length,
      validation: validation.length,
      test: test.length,
    }));
    const { kind, parameters, counts } = scenario;
    const timed = scenario.ratings.timestamps === undefined ? {} : { timestamps: true };
    const description: ScenarioFile = { format: FORMAT, kind, parameters, counts, folds, ...timed, files };
    await write(temporary, 'scenario.json', [`${JSON.stringify(description, null, 2)}\n`]);
    await syncDirectory(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw directoryFailure(directory, error);
    throw new UsageError(`${directory} already exists`, {
      code: 'exists',
      remedy: 'Name another directory, or remove it.',
      cause: error,
    });
  }
  await syncDirectory(dirname(target));
}

/**
 * Reads a saved scenario exactly: the same table, and the same rows in every split.
 *
 * @throws UsageError `ratings` when the directory does not hold a scenario, or a file is missing or
 * has been changed.
 */
export async function readScenario(directory: string): Promise<Scenario> {
  refuseAddress(directory);
  const path = join(directory, 'scenario.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileFault(path, `cannot be read: ${wordsOf(error)}`);
  }
  const description = scenarioFile(text, path, FORMAT);
  const read = await readChecked(directory, 'ratings.csv', description);
  // A given split keeps the order of its files; all others are in canonical form, which includes
  // the order of the ids.
  const ratings = description.kind === 'given' ? read : selectRatings(read);
  const splits: Split[] = [];
  for (const { name } of description.folds) {
    checkName(name);
    const rows = async (part: keyof typeof PARTS): Promise<Int32Array> => {
      const file = fileOfPart(name, part);
      return rowsOf(ratings, await readChecked(directory, file, description), join(directory, file));
    };
    const [train, validation, test] = [await rows('train'), await rows('validation'), await rows('test')];
    const foldIn = Object.hasOwn(description.files, fileOfPart(name, 'foldIn')) ? await rows('foldIn') : undefined;
    splits.push({ name, train, validation, foldIn, test });
  }
  const { kind, parameters, counts } = description;
  return { kind, ratings, splits, parameters, counts };
}

function fileOfPart(split: string, part: keyof typeof PARTS): string {
  return `${split}/${PARTS[part]}.csv`;
}

async function write(directory: string, name: string, pieces: Iterable<string>): Promise<string> {
  const hash = createHash('sha256');
  const file = await createFile(join(directory, name));
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      hash.update(bytes);
      await file.writeFile(bytes);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function readChecked(directory: string, name: string, description: ScenarioFile): Promise<RatingTable> {
  const path = join(directory, name);
  const { sha256 } = await hashFile(path).catch((error: Error) => {
    throw fileFault(path, `cannot be read: ${wordsOf(error)}`);
  });
  if (sha256 !== description.files[name]) {
    throw fileFault(path, 'has been changed since the scenario was saved', 'Save the scenario again.');
  }
  return (await loadRatings(path, { timestamps: description.timestamps ?? false })).ratings;
}

/** The rows of a table for the ratings of a part; both are in the same order. */
function rowsOf(table: RatingTable, part: RatingTable, path: string): Int32Array {
  const numberOf = (ids: readonly string[]) => new Map(ids.map((id, index) => [id, index]));
  const [users, items] = [numberOf(table.userIds), numberOf(table.itemIds)];
  const [userOf, itemOf] = [part.userIds.map((id) => users.get(id)), part.itemIds.map((id) => items.get(id))];
  const rows = new Int32Array(part.users.length);
  let row = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const [user, item] = [userOf[part.users[index] as number], itemOf[part.items[index] as number]];
    while (row < table.users.length && (table.users[row] !== user || table.items[row] !== item)) row += 1;
    if (row === table.users.length)
      throw fileFault(path, 'has a rating that is not in ratings.csv, or in a different order');
    if (part.values[index] !== table.values[row])
      throw fileFault(path, `has ${part.values[index]} where ratings.csv has ${table.values[row]}`);
    rows[index] = row++;
  }
  return rows;
}

function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) return;
  throw new UsageError(`the name of a split must be letters, digits, '-' and '_', but is '${name}'`);
}
