import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../../core/errors.ts';
import { cacheDirectory, fileHash } from '../../models/networks/cache.ts';
import type { KnownOrigin } from '../../models/networks/weights-origin.ts';
import { weightsToUse } from '../weights/weights-to-use.ts';

/** Which weights to find, and where to look. */
export interface WeightsWanted {
  /** Name for messages. */
  readonly name: string;
  /** Name under which the weights store would have them. */
  readonly stored?: string | undefined;
  /** The former name of the file, which is tried first. */
  readonly hint?: string | undefined;
  /** Files, and directories of files, searched before the weights store. */
  readonly places: readonly string[];
}

/** Names that weight files may have. */
const WEIGHT_FILE = /\.(onnx|pth|pt|bin|ckpt|safetensors|npz|npy)$/i;

/**
 * Finds a weight file by its hash.
 *
 * @throws ModelError `weights` when it is not found, saying where it was looked for.
 */
export function findWeights(
  sha256: string,
  { name, stored, hint, places }: WeightsWanted,
): { readonly path: string; readonly known: KnownOrigin | undefined } {
  const cache = cacheDirectory();
  for (const path of places.flatMap((place) => filesIn(place, hint))) {
    if (fileHash(path, cache) === sha256) return { path, known: undefined };
  }
  const inStore = stored === undefined ? undefined : weightsToUse(stored);
  if (inStore?.sha256 === sha256) return { path: inStore.path, known: inStore };
  const looked = [
    ...places,
    ...(stored === undefined
      ? []
      : [`the weights store${inStore === undefined ? '' : ` (whose ${stored} has SHA-256 ${inStore.sha256})`}`]),
  ];
  const where = looked.length === 0 ? 'no place was named' : `not in ${looked.join(', nor in ')}`;
  throw new ModelError('weights', `the weights of ${name} with SHA-256 ${sha256} were not found: ${where}`, {
    remedy: `Name the file, or its directory: \`weights: ['networks/']\`${stored === undefined ? '' : `, or import it: \`importWeights({ name: '${stored}' })\``}.`,
  });
}

function filesIn(place: string, hint: string | undefined): readonly string[] {
  const status = statSync(place, { throwIfNoEntry: false });
  if (status === undefined) {
    throw new ModelError('weights', `there is no file and no directory '${place}' to look for weights in`, {
      remedy: 'Correct `weights`: files, or directories of files.',
    });
  }
  if (!status.isDirectory()) return [place];
  const names = readdirSync(place).filter((name) => WEIGHT_FILE.test(name) && statSync(join(place, name)).isFile());
  const first = (name: string) => (name === hint ? 0 : 1);
  return names.sort((left, right) => first(left) - first(right) || (left < right ? -1 : 1)).map((n) => join(place, n));
}
