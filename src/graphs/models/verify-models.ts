import { ModelError } from '../../core/errors.ts';
import { damagedModel } from '../../io/model-store/model-record.ts';
import { storedModel, storedModelNames } from '../../io/model-store/model-store.ts';
import { hashWeightFile } from '../../io/model-store/stage-file.ts';
import { bringRemedy, checkWeightName } from './weight-names.ts';

/** What verifying found of one stored model. */
export interface VerifiedModel {
  readonly name: string;
  readonly whole: boolean;
  /** Of the record; undefined when it cannot be read. */
  readonly sha256?: string;
  readonly bytes?: number;
  /** What is wrong, and what to do about it. */
  readonly problem?: string;
  readonly remedy?: string;
}

/**
 * Hashes stored weight files again and compares them with their records.
 *
 * @param options.name - only this one.
 * @throws UsageError for a name that there is not; ModelError `weights` when nothing is stored under that name; FlowError `aborted`.
 *
 * @example
 * const damaged = (await verifyModels()).filter(({ whole }) => !whole);
 */
export async function verifyModels(
  options: { readonly name?: string; readonly directory?: string; readonly signal?: AbortSignal } = {},
): Promise<readonly VerifiedModel[]> {
  const stored = storedModelNames(options.directory);
  const { name: wanted } = options;
  if (wanted !== undefined && !stored.includes(checkWeightName(wanted))) {
    throw new ModelError('weights', `no weights of '${wanted}' are stored`, {
      remedy: bringRemedy(wanted),
    });
  }
  const verified: VerifiedModel[] = [];
  for (const name of wanted === undefined ? stored : [wanted]) {
    verified.push(await verify(name, options.directory, options.signal));
  }
  return verified;
}

async function verify(name: string, directory?: string, signal?: AbortSignal): Promise<VerifiedModel> {
  try {
    const model = storedModel(name, directory);
    if (!model) throw damagedModel(name, 'it went away meanwhile');
    const { sha256, bytes } = model;
    const found = await hashWeightFile(model.path, signal);
    if (found.sha256 === sha256) return { name, whole: true, sha256, bytes };
    const { message, remedy = '' } = damagedModel(name, `${model.path} has SHA-256 ${found.sha256}, not ${sha256}`);
    return { name, whole: false, sha256, bytes, problem: message, remedy };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { name, whole: false, problem: error.message, ...(error.remedy !== undefined && { remedy: error.remedy }) };
  }
}
