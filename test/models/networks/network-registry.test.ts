import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import type { AudioNetwork, VisualNetwork } from '../../../src/models/networks/network-entry.ts';
import {
  namedNetwork,
  networkEntry,
  networkFrom,
  networkNames,
  postprocessedNetworks,
} from '../../../src/models/networks/network-registry.ts';
import { torchvision } from '../../../src/models/networks/published-weights.ts';

/** A network of 299 pixels with pixels between -1 and 1, as Inception v3 reads them. */
const wide: VisualNetwork = {
  title: 'Wide',
  reads: 'frames',
  batch: 8,
  describe: () => ({
    name: 'wide',
    input: { name: 'pixels', shape: [3, 299, 299] },
    layers: [
      { kind: 'convolution', name: 'conv.0', channels: 5, kernel: 3, stride: 2, activation: 'relu' },
      { kind: 'global-average-pool', name: 'pool' },
    ],
    defaultLayer: 'pool',
    aliases: {},
  }),
  pixels: { channels: 'BGR', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  weights: torchvision('wide-0123abcd.pth'),
};

/** A network of a second of samples, without post-processing. */
const heard: AudioNetwork = {
  title: 'Heard',
  reads: 'audio',
  batch: 4,
  describe: () => ({
    name: 'heard',
    input: { name: 'logMel', shape: [1, 48, 64] },
    layers: [
      { kind: 'flatten', order: 'channels-first' },
      { kind: 'dense', name: 'embedding', units: 7, activation: 'linear' },
    ],
    defaultLayer: 'embedding',
    aliases: {},
  }),
  input: { kind: 'log-mel', sampleRate: 16_000, frames: 48, patchSamples: 7920, hopSamples: 8000, layout: 'N1FB' },
  weights: torchvision('heard-0123abcd.pth'),
  postprocessing: undefined,
};

describe('a network from its entry', () => {
  it('has the size of input and the normalisation that the entry says', () => {
    const { card, description, batch } = networkFrom('wide', wide, { resize: 'stretch' });
    expect(card).toEqual({
      name: 'wide',
      modality: 'visual',
      input: { kind: 'frames', width: 299, height: 299, layout: 'NCHW', dtype: 'float32' },
      preprocess: { resize: 'stretch', ...wide.pixels },
      output: { name: 'pool', dimension: 5 },
    });
    expect(description).toBe('Wide to pool: 5 values per frame of 299 x 299');
    expect(batch).toBe(8);
  });

  it('reads sound as the entry says, and has post-processing only where the entry has', () => {
    const { card, description } = networkFrom('heard', heard);
    expect(card).toMatchObject({ modality: 'audio', input: heard.input, output: { dimension: 7 } });
    expect(description).toBe('Heard to embedding: 7 values per 0.5 s of sound at 16 kHz');
    expect(() => networkFrom('heard', heard, { postprocess: true })).toThrow(UsageError);
    expect(() => networkFrom('heard', heard, { postprocess: true })).toThrow('heard has no post-processing');
  });

  it.each(networkNames)('%s is described under the name that it is registered with', (name) => {
    expect(networkEntry(name).describe({}).name).toBe(name);
  });

  it('vggish alone is post-processed, and the card of its sound is 0.96 s at 16 kHz', () => {
    expect(postprocessedNetworks).toEqual(['vggish']);
    expect(namedNetwork('vggish')?.description).toBe('VGGish to embedding: 128 values per 0.96 s of sound at 16 kHz');
  });
});
