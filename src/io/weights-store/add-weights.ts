import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeIfThere } from '../../core/atomic-file.ts';
import { ModelError } from '../../core/errors.ts';
import { printable } from '../../core/printable.ts';
import { makePrivateDirectory, moveInto, weightFileName, writePrivateFile } from './private-files.ts';
import type { StagedFile } from './stage-file.ts';
import { checkWeightsName, recordName, type StoredWeights, type WeightsRecord } from './weights-record.ts';
import { readRecord, storedWeights, weightsDirectory } from './weights-store.ts';

/** How to add a weight file. */
export interface AddOptions {
  /**
   * Address, or name of the imported file; characters that could manipulate a terminal are
   * replaced.
   */
  readonly origin: string;
  readonly licence?: string | undefined;
  /** Replaces a stored file. Default false. */
  readonly replace?: boolean | undefined;
  readonly directory?: string | undefined;
}

/** What adding did: nothing if exactly this file was already there. */
export interface AddedWeights {
  readonly weights: StoredWeights;
  readonly outcome: 'added' | 'same' | 'replaced';
}

/**
 * A weight file without a record is deleted after this many milliseconds; until then, its writer
 * may still be at work.
 */
const abandonedAfter = 3_600_000;
const extensions = ['pth', 'pt', 'safetensors', 'npz', 'npy', 'onnx'];

/**
 * Puts a staged file into the store; in any case, the staged file no longer exists afterwards. The
 * weight file is moved first and its record written last, atomically: readers see either the old
 * weights or the new ones. If several processes add at the same time without `replace`, the first
 * wins.
 *
 * @throws ModelError `weights` when another file is stored under that name and `replace` was not
 * given.
 */
export async function addWeights(name: string, staged: StagedFile, options: AddOptions): Promise<AddedWeights> {
  try {
    return await place(checkWeightsName(name), staged, options);
  } finally {
    await removeIfThere(staged.path);
  }
}

async function place(name: string, staged: StagedFile, options: AddOptions): Promise<AddedWeights> {
  const folder = join(weightsDirectory(options.directory), name);
  const { replace = false } = options;
  if (!replace) {
    const there = storedWeights(name, options.directory);
    if (there) return sameOrRefused(there, staged);
  }
  await makePrivateDirectory(folder);
  await sweep(name, folder);
  const extension = extensions.find((known) => options.origin.toLowerCase().endsWith(`.${known}`)) ?? 'weights';
  const file = weightFileName(staged.sha256, extension);
  const path = await moveInto(folder, staged.path, file);
  const record: WeightsRecord = {
    name,
    file,
    sha256: staged.sha256,
    bytes: staged.bytes,
    origin: printable(options.origin.replaceAll(/\s/g, ' ').slice(0, 4096)),
    licence: options.licence,
    added: new Date().toISOString(),
  };
  const before = replace ? recordOrNone(name, folder) : undefined;
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  const there = await writeRecord(join(folder, recordName), text, {
    name,
    path,
    replace,
    directory: options.directory,
  });
  if (there) return sameOrRefused(there, staged);
  if (before && before.file !== file) await removeIfThere(join(folder, before.file));
  const { file: _, ...rest } = record;
  return { weights: { ...rest, path }, outcome: before ? 'replaced' : 'added' };
}

/**
 * Writes the record of a weight file, or removes the file and returns what is already stored.
 */
async function writeRecord(
  recordPath: string,
  text: string,
  o: {
    readonly name: string;
    readonly path: string;
    readonly replace: boolean;
    readonly directory: string | undefined;
  },
): Promise<StoredWeights | undefined> {
  let written = false;
  try {
    for (;;) {
      written = await writePrivateFile(recordPath, text, o.replace);
      if (written) return undefined;
      // Undefined if the other record has been removed in the meantime: try again.
      const there = storedWeights(o.name, o.directory);
      if (there) return there;
    }
  } finally {
    if (!written) await removeIfThere(o.path);
  }
}

/**
 * What adding a file would do, given what may be stored already. @throws what `addWeights` throws.
 */
export function plannedOutcome(
  name: string,
  file: Pick<StagedFile, 'sha256'>,
  { replace = false, directory }: Pick<AddOptions, 'replace' | 'directory'>,
): AddedWeights['outcome'] {
  if (replace) return recordOrNone(name, join(weightsDirectory(directory), name)) ? 'replaced' : 'added';
  const there = storedWeights(name, directory);
  return there === undefined ? 'added' : sameOrRefused(there, file).outcome;
}

function sameOrRefused(there: StoredWeights, staged: Pick<StagedFile, 'sha256'>): AddedWeights {
  if (there.sha256 === staged.sha256) return { weights: there, outcome: 'same' };
  throw new ModelError(
    'weights',
    `the store already has other weights for '${there.name}': SHA-256 ${there.sha256} from ${there.origin}, and the new file's is ${staged.sha256}`,
    { remedy: 'Add `replace: true` to replace them with the new file.' },
  );
}

/**
 * The record to be replaced; a damaged one is replaced all the same, and its weight file is deleted
 * later.
 */
function recordOrNone(name: string, folder: string): WeightsRecord | undefined {
  try {
    return readRecord(name, folder);
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** Removes what interrupted writers left behind in a folder of weights. */
async function sweep(name: string, folder: string): Promise<void> {
  const named = recordOrNone(name, folder)?.file;
  for (const entry of await readdir(folder)) {
    if (entry === recordName || entry === named) continue;
    // Another process may have removed it in the meantime.
    const status = statSync(join(folder, entry), { throwIfNoEntry: false });
    if (status?.isFile() && Date.now() - status.ctimeMs > abandonedAfter) await removeIfThere(join(folder, entry));
  }
}
