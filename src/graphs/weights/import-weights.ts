import { basename, join } from 'node:path';
import { removeIfThere } from '../../core/atomic-file.ts';
import { checkString } from '../../core/check.ts';
import { ModelError } from '../../core/errors.ts';
import { hashFile } from '../../core/hash.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { addWeights, plannedOutcome } from '../../io/weights-store/add-weights.ts';
import { stageFile } from '../../io/weights-store/stage-file.ts';
import { storedWeights, weightsDirectory } from '../../io/weights-store/weights-store.ts';
import { officialSource } from '../../models/networks/official-sources.ts';
import { checkStatedHash } from './stated-hash.ts';
import { checkSha256, checkWeightName, type InspectedWeights, inspectWeights } from './weight-names.ts';
import type { WeightsReport } from './weights-report.ts';

/** Options of `importWeights`. */
export interface ImportWeightsOptions {
  /** A network known by name, or `vggish-pca`. */
  readonly name: string;
  /** Path of a weight file: .pth, .safetensors, .npz or .onnx, recognised by its content. */
  readonly file: string;
  /** The SHA-256 that the file must have. */
  readonly sha256?: string | undefined;
  /** Replaces other weights stored under that name. Default false. */
  readonly replace?: boolean | undefined;
  /** Directory of the store; see `weightsDirectory`. */
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
}

const known: KnownOptions<ImportWeightsOptions> = {
  name: true,
  file: true,
  sha256: true,
  replace: true,
  directory: true,
  signal: true,
  onBytes: true,
};

/**
 * Copies a weight file into the weights store, where `extract` finds the weights of named networks.
 * The file's structure is checked against the network before and after it is copied; it is hashed
 * while it is copied, with 1 MiB of memory, and appears in the store whole or not at all. A hash in
 * the file's name, as in PyTorch Hub (`alexnet-owt-7be5be79.pth`), must be that of the file.
 *
 * @throws UsageError for a wrong name or hash; ModelError `weights` when the file lacks that
 * network's tensors or other weights are stored, `hash` when its SHA-256 differs; FlowError
 * `aborted`.
 *
 * @example
 * await importWeights({ name: 'alexnet', file: 'alexnet-owt-7be5be79.pth' });
 */
export async function importWeights(options: ImportWeightsOptions): Promise<WeightsReport> {
  checkKnownOptions('importWeights', options, known);
  const name = checkWeightName(options.name);
  const file = checkString('file', options.file);
  const wanted = checkSha256(options.sha256);
  const { directory, signal, onBytes, replace } = options;
  inspectWeights(name, file);
  const staged = await stageFile(file, { directory, signal, onBytes });
  let kept = false;
  try {
    checkHash(file, staged.sha256, wanted);
    const structure = inspectCopy(name, file, staged.path);
    const official = officialSource(name);
    const licence = official && staged.sha256.startsWith(official.sha256Prefix) ? official.licence : undefined;
    const added = await addWeights(name, staged, { origin: basename(file), licence, replace, directory });
    kept = true;
    return { ...added.weights, outcome: added.outcome, ...structure };
  } finally {
    if (!kept) await removeIfThere(staged.path);
  }
}

/** What `importWeights` would store. */
export interface PlannedImport {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly outcome: WeightsReport['outcome'];
  /** Its path in the store, or the folder that it would be in. */
  readonly path: string;
}

/**
 * Reports what `importWeights` would store with the same options: reads the whole file, but writes
 * nothing.
 *
 * @throws as `importWeights`.
 * @example
 * const { outcome } = await plannedImport({ name: 'alexnet', file: 'alexnet-owt-7be5be79.pth' });
 */
export async function plannedImport(options: ImportWeightsOptions): Promise<PlannedImport> {
  checkKnownOptions('plannedImport', options, known);
  const name = checkWeightName(options.name);
  const file = checkString('file', options.file);
  const wanted = checkSha256(options.sha256);
  const { directory, signal } = options;
  inspectWeights(name, file);
  const { sha256, bytes } = await hashFile(file, { signal });
  checkHash(file, sha256, wanted);
  const outcome = plannedOutcome(name, { sha256 }, options);
  const stored = outcome === 'same' ? storedWeights(name, directory)?.path : undefined;
  return { name, file, sha256, bytes, outcome, path: stored ?? join(weightsDirectory(directory), name) };
}

function checkHash(file: string, sha256: string, wanted: string | undefined): void {
  if (wanted !== undefined && sha256 !== wanted) {
    throw new ModelError('hash', `${file} is not the expected file: its SHA-256 is ${sha256}, not ${wanted}`, {
      remedy: 'Download the file again.',
    });
  }
  checkStatedHash(file, sha256);
}

/**
 * Checks the copy that is stored, even if the original has changed in the meantime or keeps values
 * in other files beside it.
 */
function inspectCopy(name: string, file: string, copy: string): InspectedWeights {
  try {
    return inspectWeights(name, copy);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError('weights', `${file} cannot be stored as one file: ${error.message}`, {
      remedy: 'Save the weights in one file, without external data.',
      cause: error,
    });
  }
}
