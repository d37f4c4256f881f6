import type { NetworkDescription } from './architecture.ts';
import type { AudioInput, CardPreprocess } from './card.ts';
import type { PublishedWeights } from './published-weights.ts';

/** Options of named networks that change values. */
export interface NamedOptions {
  /**
   * The tensor that is the output, by its name or an alias such as `fc6`, `fc7`, `logits` or
   * `pool`; see docs/networks.md.
   */
  readonly layer?: string | undefined;
  /** VGGish: `relu` (default) ends after the last ReLU, `linear` before it. */
  readonly final?: 'relu' | 'linear' | undefined;
  /**
   * VGGish: PCA with whitening, clipped to +-2, as integers 0..255. A path is that of the PCA's
   * parameters (`.pth`, `.npz`); with `true` they are in the file of the weights, or random as
   * these are. Default: none.
   */
  readonly postprocess?: boolean | string | undefined;
  /**
   * Visual networks: `crop` (default) as torchvision does, `stretch` straight to the input size.
   */
  readonly resize?: 'stretch' | 'crop' | undefined;
}

interface Entry {
  /** What people call it: `ResNet-50`. */
  readonly title: string;
  /** Rows per batch by default, where measured fastest. */
  readonly batch: number;
  /** Its layers. The size of its input is that of the description. */
  readonly describe: (options: NamedOptions) => NetworkDescription;
  /** Where its weights are published. */
  readonly weights: PublishedWeights;
}

/** All that is to be known of a network that reads pictures. */
export interface VisualNetwork extends Entry {
  readonly reads: 'pictures';
  /** How pixels become numbers: of most networks `imagenet`. */
  readonly pixels: Omit<CardPreprocess, 'resize'>;
}

/** All that is to be known of a network that reads sound. */
export interface AudioNetwork extends Entry {
  readonly reads: 'sound';
  /** Samples, or their spectrogram, as the network reads them. */
  readonly input: AudioInput;
  readonly postprocessing: Postprocessing | undefined;
}

/** Steps after a network's own last layer, whose parameters are published apart. */
export interface Postprocessing {
  /** Name under which the weights store keeps the parameters. */
  readonly name: string;
  /** The layer of the description that does it: its last. */
  readonly layer: string;
  readonly weights: PublishedWeights;
  /** Which files have the parameters, to tell whoever gave another one. */
  readonly remedy: string;
}

/** A network that reelflow writes itself, with all that is to be known of it. */
export type NetworkEntry = VisualNetwork | AudioNetwork;

/** The normalisation of networks trained on ImageNet by torchvision. */
export const imagenet = {
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies VisualNetwork['pixels'];
