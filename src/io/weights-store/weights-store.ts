import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { ModelError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import {
  checkWeightsName,
  damagedWeights,
  isWeightsName,
  parseRecord,
  recordLimit,
  recordName,
  type StoredWeights,
  type WeightsRecord,
} from './weights-record.ts';

export type { StoredWeights };

/**
 * A record is read again this many times if its weight file disappears in the meantime, as happens
 * when weights are replaced.
 */
const readings = 4;

/**
 * Where weight files are kept: the option, else `REELFLOW_WEIGHTS_DIR`, else
 * `$XDG_DATA_HOME/reelflow/models`, else `~/.local/share/reelflow/models`. As the XDG specification
 * requires, an `XDG_DATA_HOME` that is not an absolute path is ignored.
 */
export function weightsDirectory(option?: string): string {
  if (option) return resolve(option);
  const { REELFLOW_WEIGHTS_DIR, REELFLOW_MODELS_DIR, XDG_DATA_HOME } = process.env;
  // `REELFLOW_MODELS_DIR` is its earlier name.
  const named = REELFLOW_WEIGHTS_DIR || REELFLOW_MODELS_DIR;
  if (named) return resolve(named);
  const data = XDG_DATA_HOME && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), '.local', 'share');
  return join(data, 'reelflow', 'models');
}

/**
 * The stored weight file for a name, or undefined if there is none. Reads the record and checks the
 * file's size; the content is not hashed again (see `verifyWeights`).
 *
 * @param directory - directory of the store; see `weightsDirectory`.
 * @throws UsageError for an invalid name; ModelError `weights` when the record is damaged or its
 * file is missing or has another size.
 *
 * @example
 * storedWeights('alexnet')?.path;
 */
export function storedWeights(name: string, directory?: string): StoredWeights | undefined {
  const folder = join(weightsDirectory(directory), checkWeightsName(name));
  let problem: ModelError | undefined;
  for (let reading = 0; reading < readings; reading += 1) {
    const record = readRecord(name, folder);
    if (record === undefined) return undefined;
    const path = join(folder, record.file);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isFile() && status.size === record.bytes) {
      const { file: _, ...rest } = record;
      return { ...rest, path };
    }
    problem = damagedWeights(
      name,
      status ? `${path} has ${status.size} bytes where ${record.bytes} were stored` : `${path} is missing`,
    );
  }
  throw problem;
}

/**
 * The names that the store has records of, in alphabetical order; the weight files themselves are
 * not checked.
 */
export function storedWeightsNames(directory?: string): readonly string[] {
  const store = weightsDirectory(directory);
  return listed(store)
    .filter((name) => isWeightsName(name) && listed(join(store, name)).includes(recordName))
    .sort();
}

/**
 * All stored weight files, in alphabetical order of their names.
 *
 * @throws ModelError `weights` when one of them is damaged.
 */
export function allStoredWeights(directory?: string): readonly StoredWeights[] {
  return storedWeightsNames(directory)
    .map((name) => storedWeights(name, directory))
    .filter((weights) => weights !== undefined);
}

/**
 * The record in a folder of weights, or undefined if there is none.
 * @throws ModelError `weights`.
 */
export function readRecord(name: string, folder: string): WeightsRecord | undefined {
  const path = join(folder, recordName);
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > recordLimit) throw damagedWeights(name, `its record ${path} has ${size} bytes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof ModelError) throw error;
    throw new ModelError('weights', `the record of '${name}' in the weights store cannot be read: ${wordsOf(error)}`, {
      remedy: 'Make the folder readable, or set REELFLOW_WEIGHTS_DIR to another one.',
      cause: error,
    });
  }
  return parseRecord(text, name, path);
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new ModelError('weights', `the weights store cannot be read: ${wordsOf(error)}`, {
      remedy: 'Make the folder readable, or set REELFLOW_WEIGHTS_DIR to another one.',
      cause: error,
    });
  }
}
