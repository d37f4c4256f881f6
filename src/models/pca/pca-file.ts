import { shown } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { floatTensor, floatValues, readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import type { Pca } from './fitted-pca.ts';

const format = 'reelflow-pca';
const version = 1;
/** A pca description is about 20 bytes per component. */
const jsonLimit = 16 * 1024 * 1024;
const sizeLimit = 2 ** 24;
/** How far a stored ratio may be from the variances that determine it: two roundings. */
const ratioTolerance = 1e-9;

/** A fitted pca as two files: the tensors, and their description. */
export interface EncodedPca {
  /** `mean` F32 [D], `axes` F32 [k, D], `explained_variance` F64 [k], `total_variance` F64 [1]. */
  readonly safetensors: Uint8Array;
  /**
   * Algorithm, sizes, the explained-variance curve, the SHA-256 of the tensors, and arbitrary
   * facts.
   */
  readonly json: string;
}

/**
 * A pca as bytes and text; the same pca and facts give the same bytes.
 *
 * @param facts arbitrary pairs that say where the PCA comes from, such as the network's name and
 * the hash of its weights.
 * @throws UsageError if a fact is not text.
 *
 * @example
 * const { safetensors, json } = encodePca(pca, { network: 'alexnet' });
 */
export function encodePca(pca: Pca, facts: Readonly<Record<string, string>> = {}): EncodedPca {
  for (const [name, fact] of Object.entries(facts)) {
    if (typeof fact !== 'string') throw new UsageError(`\`facts.${name}\` must be text, but is ${shown(fact)}`);
  }
  const { dimension, components } = pca;
  const safetensors = writeSafetensors({
    mean: floatTensor(pca.mean, [dimension]),
    axes: floatTensor(pca.axes, [components, dimension]),
    explained_variance: floatTensor(pca.explainedVariance, [components]),
    total_variance: floatTensor(Float64Array.of(pca.totalVariance), [1]),
  });
  const description = {
    format,
    version,
    algorithm: pca.algorithm,
    dimension,
    components,
    rows: pca.rows,
    sha256: hashOf(safetensors),
    facts: Object.fromEntries(Object.entries(facts).sort(([left], [right]) => (left < right ? -1 : 1))),
    explainedVarianceRatio: Array.from(pca.explainedVarianceRatio),
  };
  return { safetensors, json: `${JSON.stringify(description, null, 1)}\n` };
}

/**
 * The PCA of two files, fully checked: sizes, types, hash, finite numbers, and the curve against
 * the variances.
 *
 * @throws ModelError `weights` if the description or the tensors are invalid, `hash` if they do not
 * belong together, `shape` if the tensors' sizes differ from the description.
 */
export function decodePca(safetensors: Uint8Array, json: string): { pca: Pca; facts: Record<string, string> } {
  const description = parse(json);
  const { algorithm, facts } = description;
  if (description.format !== format || description.version !== version) {
    throw broken(
      `is ${shown(description.format)} version ${shown(description.version)}, not ${format} version ${version}`,
    );
  }
  if (algorithm !== 'exact' && algorithm !== 'incremental') throw broken(`names the algorithm ${shown(algorithm)}`);
  const dimension = size('dimension', description.dimension, sizeLimit);
  const components = size('components', description.components, dimension);
  const rows = size('rows', description.rows, Number.MAX_SAFE_INTEGER);
  if (components > rows) throw broken(`has ${components} components of ${rows} rows`);
  if (!isRecord(facts) || !Object.values(facts).every((fact) => typeof fact === 'string')) {
    throw broken('has facts that are not text');
  }
  const hash = hashOf(safetensors);
  if (hash !== description.sha256) {
    throw new ModelError(
      'hash',
      `the PCA's tensors have the SHA-256 ${hash}, but ${shown(description.sha256)} is described`,
      {
        remedy: 'Keep the .safetensors and .json files of one fit together; fit again if one is lost.',
      },
    );
  }
  const file = readSafetensors(safetensors);
  const explainedVariance = floatValues(file, 'explained_variance', 'F64', [components]);
  const [totalVariance = 0] = floatValues(file, 'total_variance', 'F64', [1]);
  if (!(totalVariance > 0) || explainedVariance.some((value) => value < 0)) {
    throw broken('has variances that are not positive');
  }
  const pca: Pca = {
    algorithm,
    dimension,
    components,
    mean: floatValues(file, 'mean', 'F32', [dimension]),
    axes: floatValues(file, 'axes', 'F32', [components, dimension]),
    explainedVariance,
    explainedVarianceRatio: explainedVariance.map((value) => value / totalVariance),
    totalVariance,
    rows,
  };
  checkCurve(description.explainedVarianceRatio, pca.explainedVarianceRatio);
  return { pca, facts: { ...(facts as Record<string, string>) } };
}

function checkCurve(curve: unknown, expected: Float64Array): void {
  const fits =
    Array.isArray(curve) &&
    curve.length === expected.length &&
    curve.every(
      (value, index) => typeof value === 'number' && Math.abs(value - (expected[index] as number)) <= ratioTolerance,
    );
  if (!fits) throw broken('has an explained-variance curve that is not that of its tensors');
}

function parse(json: string): Record<string, unknown> {
  if (typeof json !== 'string' || json.length > jsonLimit) {
    throw broken(`must be text of at most ${jsonLimit} characters, but is ${shown(json)}`);
  }
  let description: unknown;
  try {
    description = JSON.parse(json);
  } catch (cause) {
    throw broken('is not JSON', cause);
  }
  if (!isRecord(description)) throw broken(`is ${shown(description)} instead of an object`);
  return description;
}

function size(name: string, value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > most) {
    throw broken(`has \`${name}\` ${shown(value)} instead of an integer from 1 to ${most}`);
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hashOf(bytes: Uint8Array): string {
  return sha256(bytes);
}

function broken(what: string, cause?: unknown): ModelError {
  return new ModelError('weights', `the description of a PCA ${what}`, {
    remedy: 'Give the .json file that `reduce` has written beside the .safetensors file.',
    cause,
  });
}
