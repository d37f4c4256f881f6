import { join } from 'node:path';
import { ModelError, UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { shownAddress } from '../../io/http/redirects.ts';
import { addWeights } from '../../io/weights-store/add-weights.ts';
import { sourceAddress } from '../../io/weights-store/addresses.ts';
import { downloadFile } from '../../io/weights-store/weights-download.ts';
import { storedWeights, weightsDirectory } from '../../io/weights-store/weights-store.ts';
import { type OfficialSource, officialSource } from '../../models/networks/official-sources.ts';
import { checkSha256, checkWeightName, inspectWeights, maxWeightBytes } from './weight-names.ts';
import type { WeightsReport } from './weights-report.ts';

/** Options of `pullWeights`. */
export interface PullWeightsOptions {
  /** A network known by name, or `vggish-pca`. */
  readonly name: string;
  /**
   * Another address instead of the official one: https, or http on this machine. The file must be
   * the official one, unless `sha256` names another.
   */
  readonly source?: string | undefined;
  /**
   * The full SHA-256 that the file must have; if no `source` is given, it must start with the
   * digits that the official source states.
   */
  readonly sha256?: string | undefined;
  /** Downloads again, and replaces what is stored. Default false. */
  readonly replace?: boolean | undefined;
  /** Directory of the store; see `weightsDirectory`. */
  readonly directory?: string | undefined;
  /** Seconds to wait for an answer, and for the next bytes: at most 86,400. Default 30. */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
  /** Called with a line when a connection is retried. */
  readonly onMessage?: ((line: string) => void) | undefined;
}

const known: KnownOptions<PullWeightsOptions> = {
  name: true,
  source: true,
  sha256: true,
  replace: true,
  directory: true,
  timeoutSeconds: true,
  signal: true,
  onBytes: true,
  onMessage: true,
};

/**
 * Downloads the weights of a network from their official source into the weights store. An
 * interrupted download is resumed; before the file appears in the store, its SHA-256 must match the
 * first digits that its source states, and its tensors must be that network's. If the file is
 * already stored, nothing is downloaded.
 *
 * @throws UsageError for a wrong name or address; SystemError `download` naming the file to copy by
 * hand when the source cannot be reached; ModelError `hash` for another file, `weights` when the
 * file does not have that network's tensors or other weights are stored; FlowError `aborted`; the
 * partial download is kept if the server names an ETag or a modification time.
 *
 * @example
 * await pullWeights({ name: 'alexnet', onBytes: (done, total) => console.error(done, total) });
 */
export async function pullWeights(options: PullWeightsOptions): Promise<WeightsReport> {
  checkKnownOptions('pullWeights', options, known);
  const { name, wanted, official, isOfficial, address, sha256Prefix, stored } = begin(options);
  const { directory, replace, timeoutSeconds, signal, onBytes, onMessage } = options;
  if (stored !== undefined) return { ...stored, outcome: 'same', ...inspectWeights(name, stored.path) };
  const file = await downloadFile(address.href, {
    folder: join(weightsDirectory(directory), '.downloads'),
    sha256Prefix,
    bytes: isOfficial ? official.bytes : undefined,
    mostBytes: maxWeightBytes(name),
    remedy: bringRemedy(name, official, isOfficial ? undefined : wanted),
    otherFileRemedy: (found) => otherFileRemedy(official, found, options),
    ...{ timeoutSeconds, signal, onBytes, onMessage },
  });
  try {
    const origin = shownAddress(address);
    const structure = inspectDownload(name, file.path, origin);
    const licence = isOfficial ? official.licence : undefined;
    const { weights, outcome } = await addWeights(name, file, { origin, licence, replace, directory });
    return { ...weights, outcome, ...structure };
  } finally {
    await file.release();
  }
}

/** What `pullWeights` would download. */
export interface PlannedPull {
  readonly name: string;
  /** The address; undefined if exactly this file is already stored. */
  readonly from: string | undefined;
  /** The path that it would have, or has. */
  readonly path: string;
  /** Undefined if the source does not state the size. */
  readonly bytes: number | undefined;
}

/**
 * Reports what `pullWeights` would download with the same options, without using the network or
 * writing anything.
 *
 * @throws what `pullWeights` throws before it downloads.
 * @example
 * plannedPull({ name: 'alexnet' }).path;
 */
export function plannedPull(options: PullWeightsOptions): PlannedPull {
  const { name, official, isOfficial, address, stored } = begin(options);
  const path = stored?.path ?? join(weightsDirectory(options.directory), name);
  return {
    ...{ name, path, from: stored === undefined ? shownAddress(address) : undefined },
    bytes: isOfficial ? official.bytes : undefined,
  };
}

/**
 * What is known before anything is downloaded; `stored` is set if exactly this file is already
 * there.
 */
function begin(options: PullWeightsOptions) {
  const name = checkWeightName(options.name);
  const wanted = checkSha256(options.sha256);
  const { directory, replace } = options;
  const official = officialSource(name);
  if (!official) throw new UsageError(`there is no official source of ${name}`);
  const isOfficial = wanted === undefined || wanted.startsWith(official.sha256Prefix);
  if (!isOfficial && options.source === undefined) {
    throw new ModelError(
      'hash',
      `\`sha256\` is ${wanted}, but the official file of ${name} has one that begins with ${official.sha256Prefix}`,
      {
        remedy: `Another file: give its address as \`source\`, or \`importWeights({ name: '${name}', file: 'FILE' })\`.`,
      },
    );
  }
  const address = sourceAddress(options.source ?? official.url);
  const sha256Prefix = wanted ?? official.sha256Prefix;
  const stored = replace ? undefined : storedWeights(name, directory);
  const isSame = stored?.sha256.startsWith(sha256Prefix) === true;
  if (stored && !isSame) {
    throw new ModelError(
      'weights',
      `the store already has other weights for '${name}': SHA-256 ${stored.sha256} from ${stored.origin}`,
      { remedy: 'Add `replace: true` to replace them with the pulled file.' },
    );
  }
  return { name, wanted, official, isOfficial, address, sha256Prefix, stored };
}

/** What to do when no complete file was received. */
function bringRemedy(name: string, official: OfficialSource, otherHash: string | undefined): string {
  const otherwise = 'If it cannot be reached from here, copy';
  if (otherHash !== undefined) {
    return `${otherwise} the file with SHA-256 ${otherHash} from another machine and store it: \`importWeights({ name: '${name}', file: 'FILE', sha256: '${otherHash}' })\`.`;
  }
  return `${otherwise} ${official.file} (${official.url}) from another machine and store it: \`importWeights({ name: '${name}', file: '${official.file}' })\`.`;
}

/** What to do when a complete file was received that is not the expected one. */
function otherFileRemedy(official: OfficialSource, found: string, { source, sha256 }: PullWeightsOptions): string {
  return source === undefined
    ? `Try another connection. If the publisher has replaced the file and you want the new one: \`source: '${official.url}', sha256: '${found}'\`.`
    : `If you want this file, ${sha256 === undefined ? 'add' : 'give'} \`sha256: '${found}'\`; otherwise try another source.`;
}

/**
 * Errors about a downloaded file name its address, because its local path is removed along with it.
 */
function inspectDownload(name: string, path: string, origin: string): ReturnType<typeof inspectWeights> {
  try {
    return inspectWeights(name, path);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(error.code, `${error.message.replaceAll(path, origin)}; the download was removed`, {
      remedy: 'Give the address of a weight file of that network as `source`, and its `sha256`.',
      cause: error,
    });
  }
}
