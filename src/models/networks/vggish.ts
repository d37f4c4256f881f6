import type { Layer, NetworkDescription } from './architecture.ts';
import { samplesOfFrames } from './log-mel.ts';
import type { AudioNetwork } from './network-entry.ts';
import { torchvggish } from './published-weights.ts';

const convolution = (name: string, channels: number): Layer => ({
  kind: 'convolution',
  name,
  channels,
  kernel: 3,
  padding: 1,
  activation: 'relu',
});
const pool: Layer = { kind: 'max-pool', kernel: 2, stride: 2 };

/**
 * VGGish (Hershey et al., "CNN architectures for large-scale audio classification", 2017): log-mel
 * float32 [N, 1, 96, 64] to [N, 128]; post-processed if requested. It flattens channels last, as
 * its TensorFlow original does; tensor names are those of the PyTorch port.
 *
 * @param final - `relu`: the embedding after its ReLU, as in the first release; `linear`: before
 * it, as in the release of 2020.
 */
export function vggishDescription(final: 'relu' | 'linear'): NetworkDescription {
  return {
    name: 'vggish',
    input: { name: 'logMel', shape: [1, 96, 64] },
    layers: [
      convolution('features.0', 64),
      pool,
      convolution('features.3', 128),
      pool,
      convolution('features.6', 256),
      convolution('features.8', 256),
      pool,
      convolution('features.11', 512),
      convolution('features.13', 512),
      pool,
      { kind: 'flatten', order: 'channels-last' },
      { kind: 'dense', name: 'embeddings.0', units: 4096, activation: 'relu' },
      { kind: 'dense', name: 'embeddings.2', units: 4096, activation: 'relu' },
      { kind: 'dense', name: 'embeddings.4', units: 128, activation: final },
      { kind: 'whiten-quantise', name: 'postprocessed' },
    ],
    defaultLayer: 'embedding',
    aliases: {
      fc1: 'embeddings.1',
      fc2: 'embeddings.3',
      embedding: final === 'relu' ? 'embeddings.5' : 'embeddings.4',
      whitened: 'postprocessed.whitened',
    },
  };
}

/** VGGish as a named network: 0.96 s of sound to 128 values. */
export const vggish: AudioNetwork = {
  title: 'VGGish',
  reads: 'audio',
  batch: 32,
  describe: ({ final = 'relu' }) => vggishDescription(final),
  input: {
    kind: 'log-mel',
    sampleRate: 16_000,
    frames: 96,
    patchSamples: samplesOfFrames(96),
    hopSamples: 15_360,
    layout: 'N1FB',
  },
  weights: torchvggish('vggish-10086976.pth'),
  postprocessing: {
    name: 'vggish-pca',
    layer: 'postprocessed',
    weights: torchvggish('vggish_pca_params-970ea276.pth'),
    remedy: 'Give vggish_pca_params.npz of the VGGish release, or vggish_pca_params-970ea276.pth of torchvggish.',
  },
};
