import { UsageError } from '../../core/errors.ts';
import { elementTypes, type Initializer } from '../onnx/graph.ts';
import { alexnetDescription } from './alexnet.ts';
import { type Architecture, architectureGraph, architectureTo, type NetworkDescription } from './architecture.ts';
import type { ModelCard } from './card.ts';
import { samplesOfFrames } from './log-mel.ts';
import { resnet50Description } from './resnet50.ts';
import { squeezenetDescription } from './squeezenet.ts';
import { vgg16Description } from './vgg16.ts';
import { vggishDescription } from './vggish.ts';

/** A network that reelflow writes itself. */
export interface NamedNetwork {
  readonly name: string;
  readonly description: string;
  /** Aliases of its layers. */
  readonly layers: readonly string[];
  /** The network up to the layer that was chosen. */
  readonly architecture: Architecture;
  readonly card: ModelCard;
  /** Rows per batch by default, where measured fastest. */
  readonly batch: number;
}

/** Options of named networks that change values. */
export interface NamedOptions {
  /** The tensor that is the output, by its name or an alias such as `fc6`, `fc7`, `logits` or `pool`; see docs/networks.md. */
  readonly layer?: string;
  /** VGGish: `relu` (default) ends after the last ReLU, `linear` before it. */
  readonly final?: 'relu' | 'linear';
  /**
   * VGGish: PCA with whitening, clipped to +-2, as integers 0..255. A path is that of the PCA's parameters (`.pth`, `.npz`); with `true` they
   * are in the file of the weights, or random as these are. Default: none.
   */
  readonly postprocess?: boolean | string;
  /** Visual networks: `crop` (default) as torchvision does, `stretch` straight to the input size. */
  readonly resize?: 'stretch' | 'crop';
}

interface RegistryEntry {
  readonly title: string;
  readonly reads: 'pictures' | 'sound';
  readonly batch: number;
  readonly describe: (options: NamedOptions) => NetworkDescription;
}

const networks = {
  alexnet: { title: 'AlexNet', reads: 'pictures', batch: 64, describe: () => alexnetDescription },
  vgg16: { title: 'VGG16', reads: 'pictures', batch: 32, describe: () => vgg16Description },
  resnet50: { title: 'ResNet-50', reads: 'pictures', batch: 32, describe: () => resnet50Description },
  squeezenet1_0: {
    title: 'SqueezeNet 1.0',
    reads: 'pictures',
    batch: 32,
    describe: () => squeezenetDescription('1_0'),
  },
  squeezenet1_1: {
    title: 'SqueezeNet 1.1',
    reads: 'pictures',
    batch: 32,
    describe: () => squeezenetDescription('1_1'),
  },
  vggish: { title: 'VGGish', reads: 'sound', batch: 32, describe: ({ final = 'relu' }) => vggishDescription(final) },
} as const satisfies Readonly<Record<string, RegistryEntry>>;

/** Name of a network that reelflow writes itself. */
export type NetworkName = keyof typeof networks;

/** The memory of one input of a named network: bytes of a picture, or samples of sound. */
export type NetworkReads<Name extends NetworkName> = (typeof networks)[Name]['reads'] extends 'sound'
  ? Float32Array
  : Uint8Array;

/** Names of the networks that reelflow writes itself. */
export const networkNames = Object.keys(networks) as readonly NetworkName[];

/**
 * A network by name, or undefined when there is none of that name.
 *
 * @throws UsageError when the network has no such layer, or an option that it does not take.
 *
 * @example
 * namedNetwork('alexnet')?.card.output.dimension; // 4096
 */
export function namedNetwork(name: string, options: NamedOptions = {}): NamedNetwork | undefined {
  const entry: RegistryEntry | undefined = Object.hasOwn(networks, name) ? networks[name as NetworkName] : undefined;
  if (!entry) return undefined;
  const { title, batch, describe } = entry;
  const isAudio = entry.reads === 'sound';
  const isPostprocessed = (options.postprocess ?? false) !== false;
  if (isPostprocessed && !isAudio)
    throw new UsageError(`\`postprocess\` is for vggish: ${name} has no post-processing`);
  const described = describe(options);
  const architecture = architectureTo(described, options.layer ?? (isPostprocessed ? 'postprocessed' : undefined));
  if (isPostprocessed && architecture.layers.at(-1)?.kind !== 'whiten-quantise') {
    throw new UsageError(`\`postprocess\` has no effect on the layer '${options.layer}', which comes before it`);
  }
  const { output } = architecture;
  const dimension = dimensionOf(architecture);
  const card: ModelCard = isAudio
    ? { name, modality: 'audio', input: vggishInput, output: { name: output, dimension } }
    : {
        name,
        modality: 'visual',
        input: { kind: 'frames', width: 224, height: 224, layout: 'NCHW', dtype: 'float32' },
        preprocess: { resize: options.resize ?? 'crop', ...imagenet },
        output: { name: output, dimension },
      };
  const source = isAudio ? '0.96 s of sound at 16 kHz' : 'frame of 224 x 224';
  const layers = Object.keys(described.aliases);
  const description = `${title} to ${output}: ${dimension} values per ${source}`;
  return { name, description, layers, architecture, card, batch };
}

const imagenet = {
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

const vggishInput = {
  kind: 'log-mel',
  sampleRate: 16_000,
  frames: 96,
  patchSamples: samplesOfFrames(96),
  hopSamples: 15_360,
  layout: 'N1FB',
} as const;

/** Values per row of an architecture's output. */
function dimensionOf(architecture: Architecture): number {
  const structureOnly = (name: string, shape: readonly number[]): Initializer => ({
    name,
    shape,
    elementType: elementTypes.float32,
    byteLength: 4 * shape.reduce((product, size) => product * size, 1),
    pieces: () => [],
  });
  const [, size] = architectureGraph(architecture, structureOnly).outputs[0]?.shape ?? [];
  return Number(size);
}
