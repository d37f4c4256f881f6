import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, replaceFile } from '../../core/atomic-file.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import { decodePca, encodePca } from '../../models/pca/pca-file.ts';

/** A fitted pca, and what its rows were. */
export interface FittedPca {
  readonly pca: Pca;
  /**
   * `column`, and of a dataset or a table made from one `aggregate`, `graph` and `models` (JSON:
   * names and hashes).
   */
  readonly facts: Readonly<Record<string, string>>;
}

/** SHA-256 of the pca's tensors. */
export function pcaHash({ pca, facts }: FittedPca): string {
  return sha256(encodePca(pca, facts).safetensors);
}

/**
 * Writes `pca/<column>.safetensors` and `.json`, each whole or not at all.
 * @returns their paths relative to the directory.
 */
export async function writePca(directory: string, column: string, { pca, facts }: FittedPca): Promise<string[]> {
  const { safetensors, json } = encodePca(pca, facts);
  await makeDirectory(join(directory, 'pca'));
  const files = [`pca/${column}.safetensors`, `pca/${column}.json`];
  await replaceFile(join(directory, files[0] as string), safetensors);
  await replaceFile(join(directory, files[1] as string), json);
  return files;
}

/**
 * Reads a pca by its description; the tensors are beside it under the same name.
 *
 * @throws UsageError when a file cannot be read; ModelError when they are damaged or do not belong
 * together.
 */
export async function readPca(description: string): Promise<FittedPca> {
  if (!description.endsWith('.json')) {
    throw new UsageError(`\`pca\` must be the .json file of a PCA, but is '${description}'`, { option: 'pca' });
  }
  const read = (path: string) =>
    readFile(path).catch((cause: Error) => {
      throw new UsageError(`the PCA's file ${path} cannot be read: ${cause.message}`, {
        remedy: 'Name the .json file that `reduce` has written; its .safetensors file must be next to it.',
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
 * Asserts that a pca was fitted to vectors of this kind: by the facts that both know, the same
 * networks with the same weights, the same statistic, the same length.
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
