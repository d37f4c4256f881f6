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
   * parameters (`.pth`, `.npz`); with `true` they are in the weight file, or random like the
   * weights. Default: none.
   */
  readonly postprocess?: boolean | string | undefined;
  /**
   * Visual networks: `crop` (default) as torchvision does, `stretch` straight to the input size.
   */
  readonly resize?: 'stretch' | 'crop' | undefined;
}

interface Entry {
  /** Its usual name: `ResNet-50`. */
  readonly title: string;
  /** Default rows per batch: the fastest measured. */
  readonly batch: number;
  /** Its layers, and the size of its input. */
  readonly describe: (options: NamedOptions) => NetworkDescription;
  /** Where its weights are published. */
  readonly weights: PublishedWeights;
}

/** Everything about a network that reads frames. */
export interface VisualNetwork extends Entry {
  readonly reads: 'frames';
  /** How pixels become numbers: `imagenet` for most networks. */
  readonly pixels: Omit<CardPreprocess, 'resize'>;
}

/** Everything about a network that reads audio. */
export interface AudioNetwork extends Entry {
  readonly reads: 'audio';
  /** Its input: samples, or their spectrogram. */
  readonly input: AudioInput;
  readonly postprocessing: Postprocessing | undefined;
}

/** Steps after a network's own last layer, whose parameters are published separately. */
export interface Postprocessing {
  /** Name under which the weights store keeps the parameters. */
  readonly name: string;
  /** The layer that does it: the last of the description. */
  readonly layer: string;
  readonly weights: PublishedWeights;
  /** Which files contain the parameters; used as a remedy when another file is given. */
  readonly remedy: string;
}

/** Everything about a network that reelflow writes itself. */
export type NetworkEntry = VisualNetwork | AudioNetwork;

/** The normalisation of networks trained on ImageNet by torchvision. */
export const imagenet = {
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies VisualNetwork['pixels'];
