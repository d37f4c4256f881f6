import { alexnetArchitecture } from './alexnet.ts';
import type { Architecture } from './architecture.ts';
import type { ModelCard } from './card.ts';
import { samplesOfFrames } from './log-mel.ts';
import { vggishArchitecture } from './vggish.ts';

/** A network that reelflow writes itself. */
export interface NamedNetwork {
  readonly name: string;
  readonly description: string;
  readonly architecture: Architecture;
  readonly card: ModelCard;
  /** Rows per batch by default, where measured fastest. */
  readonly batch: number;
}

/** Options of named networks that change values. */
export interface NamedOptions {
  /** VGGish: `relu` (default) ends after the last ReLU, `linear` before it. */
  readonly final?: 'relu' | 'linear';
  /** Visual networks: `crop` (default) as torchvision does, `stretch` straight to the input size. */
  readonly resize?: 'stretch' | 'crop';
}

/** Names of the networks that reelflow writes itself. */
export const networkNames = ['alexnet', 'vggish'] as const;

/**
 * A network by name, or undefined when there is none of that name.
 *
 * @example
 * namedNetwork('alexnet')?.card.output.dimension; // 4096
 */
export function namedNetwork(name: string, options: NamedOptions = {}): NamedNetwork | undefined {
  if (name === 'alexnet') {
    return {
      name,
      description: 'AlexNet to fc7 after ReLU, torchvision layout: 4096 values per frame of 224 x 224',
      architecture: alexnetArchitecture,
      batch: 64,
      card: {
        name,
        modality: 'visual',
        input: { kind: 'frames', width: 224, height: 224, layout: 'NCHW', dtype: 'float32' },
        preprocess: {
          resize: options.resize ?? 'crop',
          channels: 'RGB',
          scale: 1 / 255,
          mean: [0.485, 0.456, 0.406],
          std: [0.229, 0.224, 0.225],
        },
        output: { name: 'fc7', dimension: 4096 },
      },
    };
  }
  if (name === 'vggish') {
    const final = options.final ?? 'relu';
    return {
      name,
      description: `VGGish, ${final === 'relu' ? 'after its last ReLU' : 'linear'}: 128 values per 0.96 s of sound at 16 kHz`,
      architecture: vggishArchitecture(final),
      batch: 32,
      card: {
        name,
        modality: 'audio',
        input: {
          kind: 'log-mel',
          sampleRate: 16_000,
          frames: 96,
          patchSamples: samplesOfFrames(96),
          hopSamples: 15_360,
          layout: 'N1FB',
        },
        output: { name: 'embedding', dimension: 128 },
      },
    };
  }
  return undefined;
}
