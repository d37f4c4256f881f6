import { UsageError } from '../../core/errors.ts';
import { nearestOf } from '../../core/nearest.ts';
import {
  checkPostprocessing,
  checkWeights,
  lackingLayers,
  networkTensors,
} from '../../models/networks/named-weights.ts';
import { type NetworkName, networkNames, postprocessingOf } from '../../models/networks/network-registry.ts';
import { readWeights } from '../../models/weights/weight-file.ts';

interface WeightKind {
  readonly network: NetworkName;
  readonly isPostprocessing: boolean;
}

/**
 * What the weights store can hold, by the names under which it is stored: weights of each network,
 * and parameters of each post-processing.
 */
const kinds: ReadonlyMap<string, WeightKind> = new Map(
  networkNames.flatMap((network): [string, WeightKind][] => {
    const postprocessing = postprocessingOf(network)?.name;
    return [
      [network, { network, isPostprocessing: false }],
      ...(postprocessing === undefined
        ? []
        : [[postprocessing, { network, isPostprocessing: true }] as [string, WeightKind]]),
    ];
  }),
);

/** All names that the weights store accepts. */
export const weightNames: readonly string[] = [...kinds.keys()];

/** @throws UsageError when there are no weights with that name. */
export function checkWeightName(name: unknown): string {
  if (typeof name === 'string' && weightNames.includes(name)) return name;
  const near = nearestOf(String(name), weightNames);
  throw new UsageError(`there are no weights called '${String(name).slice(0, 80)}'`, {
    remedy: `${near === undefined ? '' : `Did you mean ${near}? `}Names: ${weightNames.join(', ')}. Any other network is used through its network card; see \`makeCard\`.`,
  });
}

/** What to do if weights are not stored. */
export function bringRemedy(name: string): string {
  return `Get them: \`pullWeights({ name: '${name}' })\`, or \`importWeights({ name: '${name}', file: 'FILE' })\`.`;
}

/** What the structure of a weight file says. */
export interface InspectedWeights {
  readonly format: string;
  readonly tensors: number;
  /**
   * Aliases of the network's layers that this file cannot provide because it lacks their tensors.
   */
  readonly lackingLayers: readonly string[];
}

/**
 * Reads the structure of a weight file, but no values, and checks that it has the tensors of the
 * named weights.
 *
 * @returns the file's format, how many tensors it has, and which layers it does not suffice for.
 * @throws ModelError `weights` saying what is missing or has another shape.
 */
export function inspectWeights(name: string, path: string): InspectedWeights {
  const file = readWeights(path);
  const inspected = { format: file.format, tensors: file.tensors.size };
  const kind = kinds.get(name);
  if (kind?.isPostprocessing) {
    checkPostprocessing(kind.network, file);
    return { ...inspected, lackingLayers: [] };
  }
  checkWeights(name, file);
  return { ...inspected, lackingLayers: lackingLayers(name, file) };
}

/** @throws UsageError when the given hash is not a hash. */
export function checkSha256(value: string | undefined): string | undefined {
  if (value === undefined || /^[0-9a-f]{64}$/i.test(value)) return value?.toLowerCase();
  throw new UsageError(`\`sha256\` must be 64 hexadecimal digits, but is '${value.slice(0, 80)}'`, {
    option: 'sha256',
  });
}

/** Allows for what a file contains besides its values, and for the files of small networks. */
const slackBytes = 64 * 1024 * 1024;
/**
 * Maximum bytes of a download of weights: all its tensors as float64, plus 64 MiB. A mirror that
 * sends more is cut off.
 */
export function maxWeightBytes(name: string): number {
  const kind = kinds.get(name);
  const { own, postprocessing } = kind ? networkTensors(kind.network) : { own: [], postprocessing: [] };
  const tensors = kind?.isPostprocessing ? postprocessing : [...own, ...postprocessing];
  const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return 8 * values + slackBytes;
}
