import { constant, elementTypes, type Initializer, node } from '../onnx/graph.ts';
import { type Prefix, prefixed } from './preprocess.ts';

/** Constants of VGGish's log-mel spectrogram (Hershey et al. 2017), in samples at 16 kHz, hertz and bins. */
export const logMel = {
  sampleRate: 16_000,
  window: 400,
  hop: 160,
  transform: 512,
  bins: 257,
  bands: 64,
  lowest: 125,
  highest: 7500,
  offset: 0.01,
} as const;

/** HTK mel scale: 1127 ln(1 + f / 700). */
const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);

/** The periodic Hann window, 0.5 - 0.5 cos(2 pi n / N), in float64. */
export function hannWindow(length: number = logMel.window): Float64Array {
  return Float64Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / length));
}

/**
 * The matrix from magnitude spectrum to mel bands, [257 bins, 64 bands] row by row, in float64: triangles that are linear on the mel scale between 125 and
 * 7,500 Hz, with the bin at 0 Hz left out.
 */
export function melMatrix(): Float64Array {
  const { bins, bands, transform, sampleRate } = logMel;
  const low = mel(logMel.lowest);
  const step = (mel(logMel.highest) - low) / (bands + 1);
  const matrix = new Float64Array(bins * bands);
  for (let bin = 1; bin < bins; bin++) {
    const position = (mel((bin * sampleRate) / transform) - low) / step;
    for (let band = 0; band < bands; band++) {
      matrix[bin * bands + band] = Math.max(0, Math.min(position - band, band + 2 - position));
    }
  }
  return matrix;
}

/** Samples that `frames` spectrogram frames cover. */
export function samplesOfFrames(frames: number): number {
  return (frames - 1) * logMel.hop + logMel.window;
}

/** One half of the windowed Fourier transform as the weights of a convolution: [257, 1, 400]. */
function transformKernel(wave: (angle: number) => number): Float32Array {
  const { bins, window, transform } = logMel;
  const hann = hannWindow();
  const kernel = new Float32Array(bins * window);
  for (let bin = 0; bin < bins; bin++) {
    for (let index = 0; index < window; index++) {
      // Reduced modulo the transform's length first: large angles lose digits.
      const angle = (2 * Math.PI * ((bin * index) % transform)) / transform;
      kernel[bin * window + index] = (hann[index] as number) * wave(angle);
    }
  }
  return kernel;
}

/**
 * Samples float32 [N, S] at 16 kHz to the log-mel spectrogram log(mel + 0.01) in the network's layout, in the graph. The Fourier transform is a
 * convolution with the windowed sines and cosines: ONNX Runtime runs it as one matrix product (0.3 CPU-ms per second of audio).
 *
 * @param frames - spectrogram frames per patch; VGGish has 96.
 * @param layout - axes of the network's input: F frames, B bands.
 * @param target - name of the tensor that the network reads.
 */
export function logMelPrefix(frames: number, layout: 'N1FB' | 'NFB' | 'NFB1' | 'N1BF' | 'NBF', target: string): Prefix {
  const { bins, bands, hop, window, offset } = logMel;
  const samples = samplesOfFrames(frames);
  const matrix = melMatrix();
  const bandKernel = new Float32Array(bands * bins);
  for (let band = 0; band < bands; band++) {
    for (let bin = 0; bin < bins; bin++) bandKernel[band * bins + bin] = matrix[bin * bands + band] as number;
  }
  const shapes = {
    N1FB: [-1, 1, frames, bands],
    NFB: [-1, frames, bands],
    NFB1: [-1, frames, bands, 1],
    N1BF: [-1, 1, bands, frames],
    NBF: [-1, bands, frames],
  } as const;
  const framesFirst = layout !== 'N1BF' && layout !== 'NBF';
  const integers = (name: string, values: readonly number[]) =>
    constant(
      prefixed(name),
      [values.length],
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  const initializers: Initializer[] = [
    integers('channel', [-1, 1, samples]),
    constant(prefixed('cosines'), [bins, 1, window], transformKernel(Math.cos)),
    constant(prefixed('sines'), [bins, 1, window], transformKernel(Math.sin)),
    constant(prefixed('melBands'), [bands, bins, 1], bandKernel),
    constant(prefixed('offset'), [1], Float32Array.of(offset)),
    integers('patchShape', shapes[layout]),
  ];
  const p = prefixed;
  const nodes = [
    node('Reshape', [p('samples'), p('channel')], [p('waveform')]),
    ...['cosines', 'sines'].flatMap((half) => [
      node('Conv', [p('waveform'), p(half)], [p(`${half}.sum`)], { kernel_shape: [window], strides: [hop] }),
      node('Mul', [p(`${half}.sum`), p(`${half}.sum`)], [p(`${half}.square`)]),
    ]),
    node('Add', [p('cosines.square'), p('sines.square')], [p('power')]),
    node('Sqrt', [p('power')], [p('magnitude')]),
    node('Conv', [p('magnitude'), p('melBands')], [p('mel')], { kernel_shape: [1] }),
    node('Add', [p('mel'), p('offset')], [p('raised')]),
    node('Log', [p('raised')], [p('log')]),
    ...(framesFirst ? [node('Transpose', [p('log')], [p('spectrogram')], { perm: [0, 2, 1] })] : []),
    node('Reshape', [p(framesFirst ? 'spectrogram' : 'log'), p('patchShape')], [target]),
  ];
  const input = { name: p('samples'), elementType: elementTypes.float32, shape: ['N', samples] };
  return { nodes, initializers, input };
}
