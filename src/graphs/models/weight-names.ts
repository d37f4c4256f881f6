import { UsageError } from '../../core/errors.ts';
import { wantedTensors } from '../../models/networks/architecture.ts';
import { checkWeights, lackingLayers } from '../../models/networks/named-weights.ts';
import { checkPostprocessing } from '../../models/networks/postprocessing-weights.ts';
import { namedNetwork, networkNames } from '../../models/networks/registry.ts';
import { readWeights } from '../../models/weights/weight-file.ts';

/** The name under which the parameters of VGGish's post-processing are stored. */
export const postprocessingName = 'vggish-pca';

/** All names that the model store can hold weights of. */
export const weightNames: readonly string[] = [...networkNames, postprocessingName];

/** @throws UsageError when there are no weights of that name. */
export function checkWeightName(name: unknown): string {
  if (typeof name === 'string' && weightNames.includes(name)) return name;
  throw new UsageError(`there are no weights called '${String(name).slice(0, 80)}'`, {
    remedy: `Names: ${weightNames.join(', ')}. Any other network is used through its model card; see \`reelflow models card\`.`,
  });
}

/** What the structure of a weight file says. */
export interface InspectedWeights {
  readonly format: string;
  readonly tensors: number;
  /** Aliases of the network's layers that are not possible with this file, which lacks tensors of them. */
  readonly lackingLayers: readonly string[];
}

/**
 * Reads the structure of a weight file and asserts that its tensors are those of the name; no values are read.
 *
 * @returns the file's format, how many tensors it has, and which layers it is not enough for.
 * @throws ModelError `weights` saying what is missing or has another shape.
 */
export function inspectWeights(name: string, path: string): InspectedWeights {
  const file = readWeights(path);
  const inspected = { format: file.format, tensors: file.tensors.size };
  if (name === postprocessingName) {
    checkPostprocessing(file);
    return { ...inspected, lackingLayers: [] };
  }
  checkWeights(name, file);
  return { ...inspected, lackingLayers: lackingLayers(name, file) };
}

/** @throws UsageError when a wanted hash is not one. */
export function checkSha256(value: string | undefined): string | undefined {
  if (value === undefined || /^[0-9a-f]{64}$/i.test(value)) return value?.toLowerCase();
  throw new UsageError(`\`sha256\` must be 64 hexadecimal digits, but is '${value.slice(0, 80)}'`);
}

/** Room for what a file has beside its values, and for small networks' files. */
const slackBytes = 64 * 1024 * 1024;
/** Values of VGGish's post-processing: eigenvectors and means. */
const postprocessingValues = 128 * 128 + 128;

/**
 * The most bytes that a download of weights is let have: all tensors of the network as float64, and 64 MiB. A mirror that sends more
 * is stopped there.
 */
export function mostWeightBytes(name: string): number {
  if (name === postprocessingName) return 8 * postprocessingValues + slackBytes;
  const network = namedNetwork(name, { layer: name === 'vggish' ? 'postprocessed' : 'logits' });
  const tensors = network ? wantedTensors(network.architecture) : [];
  const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return 8 * values + slackBytes;
}
