import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, replaceFile } from '../../core/atomic-file.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { partName, partPath, pathNow } from '../../io/dataset/layout.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import { decodePca, encodePca } from '../../models/pca/pca-file.ts';

/** A fitted PCA, and facts about the rows it was fitted to. */
export interface FittedPca {
  readonly pca: Pca;
  /**
   * `column` and, for a dataset or a table made from one, `aggregate`, `graph` and `models` (JSON:
   * names and hashes).
   */
  readonly facts: Readonly<Record<string, string>>;
}

/** SHA-256 of the pca's tensors. */
export function pcaHash({ pca, facts }: FittedPca): string {
  return sha256(encodePca(pca, facts).safetensors);
}

/** Name of the folder of the pca in a directory that a reduction is written into. */
export const PCA_FOLDER = partName('pca');

/** Paths of the two files of a pca, relative to the directory that a reduction is written into. */
export function pcaFiles(column: string): readonly [tensors: string, description: string] {
  return [`${PCA_FOLDER}/${column}.safetensors`, `${PCA_FOLDER}/${column}.json`];
}

/**
 * Path of the description of the PCA in a directory that a reduction writes, whether or not it
 * exists.
 */
export function pcaDescription(directory: string, column: string): string {
  return join(partPath(directory, 'pca'), `${column}.json`);
}

/** Writes the two files of a pca, each whole or not at all. @returns `pcaFiles`. */
export async function writePca(directory: string, column: string, { pca, facts }: FittedPca) {
  const { safetensors, json } = encodePca(pca, facts);
  const files = pcaFiles(column);
  const [tensors, description] = files.map((file) => join(directory, file)) as [string, string];
  await makeDirectory(dirname(tensors));
  await replaceFile(tensors, safetensors);
  await replaceFile(description, json);
  return files;
}

/**
 * Reads a PCA, given its description (the tensors are beside it, under the same name) or the
 * directory of the reduction that it was fitted for.
 *
 * @throws UsageError when a file cannot be read; ModelError when they are damaged or do not belong
 * together.
 */
export async function readPca(path: string, column: string): Promise<FittedPca> {
  refuseAddress(path);
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const description = isDirectory ? pcaDescription(path, column) : pathNow(path);
  if (!description.endsWith('.json')) {
    throw new UsageError(
      `\`pca\` must be the .json file of a PCA, or the directory of a reduction, but is '${description}'`,
      { option: 'pca' },
    );
  }
  const read = (path: string) =>
    readFile(path).catch((cause: Error) => {
      throw new UsageError(`the PCA's file ${path} cannot be read: ${wordsOf(cause)}`, {
        remedy:
          'Name a directory that `reduce` wrote, or the .json file in its `_pca`; the .safetensors file must be next to it.',
        cause,
      });
    });
  const json = await read(description);
  const tensors = await read(description.replace(/\.json$/, '.safetensors'));
  try {
    return decodePca(tensors, json.toString('utf8'));
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(error.code, `${description}: ${error.message}`, { remedy: error.remedy, cause: error });
  }
}

/**
 * Checks that a PCA was fitted to vectors of this kind: as far as both record them, the same
 * networks with the same weights, the same statistic, and the same length.
 *
 * @throws ModelError `shape` for another length or statistic, `hash` for another network or other
 * weights.
 */
export function checkPcaFits(
  fitted: FittedPca,
  file: string,
  vectors: { readonly name: string; readonly dimension: number; readonly facts: Readonly<Record<string, string>> },
): void {
  const { pca, facts } = fitted;
  const remedy = 'Fit a PCA to these vectors (without `pca`), or reduce the ones that it was fitted to.';
  if (pca.dimension !== vectors.dimension) {
    throw new ModelError(
      'shape',
      `the PCA in ${file} was fitted to vectors of ${pca.dimension} values, but those of ${vectors.name} have ${vectors.dimension}`,
      { remedy },
    );
  }
  for (const [fact, code] of [
    ['aggregate', 'shape'],
    ['models', 'hash'],
  ] as const) {
    const [was, is] = [facts[fact], vectors.facts[fact]];
    if (was === undefined || is === undefined || was === is) continue;
    const what = fact === 'models' ? 'networks' : 'statistic';
    throw new ModelError(code, `the PCA in ${file} was fitted to another ${what}: ${was} there, ${is} here`, {
      remedy,
    });
  }
}
