import { ModelError } from '../../core/errors.ts';
import { hashWeightFile } from '../../io/weights-store/stage-file.ts';
import { damagedWeights } from '../../io/weights-store/weights-record.ts';
import { storedWeights, storedWeightsNames } from '../../io/weights-store/weights-store.ts';
import { bringRemedy, checkWeightName } from './weight-names.ts';

/** What verifying stored weights found. */
export interface VerifiedWeights {
  readonly name: string;
  readonly whole: boolean;
  /** The hash in the record; undefined if it cannot be read. */
  readonly sha256?: string | undefined;
  readonly bytes?: number | undefined;
  /** What is wrong, and what to do about it. */
  readonly problem?: string | undefined;
  readonly remedy?: string | undefined;
}

/**
 * Hashes stored weight files again and compares them with their records.
 *
 * @param options.name - only this one.
 * @throws UsageError for an unknown name; ModelError `weights` when nothing is stored
 * under that name; FlowError `aborted`.
 *
 * @example
 * const damaged = (await verifyWeights()).filter(({ whole }) => !whole);
 */
export async function verifyWeights(
  options: {
    readonly name?: string | undefined;
    readonly directory?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<readonly VerifiedWeights[]> {
  const stored = storedWeightsNames(options.directory);
  const { name: wanted } = options;
  if (wanted !== undefined && !stored.includes(checkWeightName(wanted))) {
    throw new ModelError('weights', `no weights of '${wanted}' are stored`, {
      remedy: bringRemedy(wanted),
    });
  }
  const verified: VerifiedWeights[] = [];
  for (const name of wanted === undefined ? stored : [wanted]) {
    verified.push(await verify(name, options.directory, options.signal));
  }
  return verified;
}

async function verify(name: string, directory?: string, signal?: AbortSignal): Promise<VerifiedWeights> {
  try {
    const model = storedWeights(name, directory);
    if (!model) throw damagedWeights(name, 'it has been removed in the meantime');
    const { sha256, bytes } = model;
    const found = await hashWeightFile(model.path, signal);
    if (found.sha256 === sha256) return { name, whole: true, sha256, bytes };
    const { message, remedy = '' } = damagedWeights(name, `${model.path} has SHA-256 ${found.sha256}, not ${sha256}`);
    return { name, whole: false, sha256, bytes, problem: message, remedy };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { name, whole: false, problem: error.message, remedy: error.remedy };
  }
}
