import { constant, elementTypes, type Initializer, node } from '../onnx/onnx-graph.ts';
import { type Prefix, prefixed } from './preprocess.ts';

/**
 * Constants of VGGish's log-mel spectrogram (Hershey et al. 2017), in samples at 16 kHz, hertz and
 * bins.
 */
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
 * The matrix from magnitude spectrum to mel bands, [257 bins, 64 bands] row by row, in float64:
 * triangles that are linear on the mel scale between 125 and 7,500 Hz, with the bin at 0 Hz left
 * out.
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

/** Number of samples that `frames` spectrogram frames cover. */
export function samplesOfFrames(frames: number): number {
  return (frames - 1) * logMel.hop + logMel.window;
}

/**
 * Samples on each side of a window's middle. The periodic window is 0 at its first sample, which
 * has no partner.
 */
const half = logMel.window / 2;

/**
 * One half of the windowed Fourier transform about the middle of the window: [200, 257], float64.
 */
function transformMatrix(wave: (angle: number) => number): Float64Array {
  const { bins, transform } = logMel;
  const hann = hannWindow();
  const matrix = new Float64Array(half * bins);
  for (let offset = 0; offset < half; offset++) {
    for (let bin = 0; bin < bins; bin++) {
      // Reduced modulo the transform's length first, because large angles lose digits. The middle
      // sample is added to itself.
      const angle = (2 * Math.PI * ((bin * offset) % transform)) / transform;
      matrix[offset * bins + bin] = (hann[half + offset] as number) * wave(angle) * (offset === 0 ? 0.5 : 1);
    }
  }
  return matrix;
}

/**
 * Positions in a patch of the samples after (`direction` 1) or before (-1) the middle of each
 * frame's window: [frames, 200].
 */
function positions(frames: number, direction: 1 | -1): BigInt64Array {
  return BigInt64Array.from({ length: frames * half }, (_, index) =>
    BigInt(Math.floor(index / half) * logMel.hop + half + direction * (index % half)),
  );
}

/**
 * Samples float32 [N, S] at 16 kHz to the log-mel spectrogram log(mel + 0.01) in the network's
 * layout, in the graph.
 *
 * The Fourier transform is a matrix product with windowed cosines and sines. Magnitudes do not
 * depend on where time starts. Counted from the middle, the window is symmetric, so x(t) + x(-t) is
 * multiplied by the cosines and x(t) - x(-t) by the sines, which halves the work. It is done in
 * float64: in float32, quiet bands beside a loud tone lose 1e-4 of their logarithm.
 *
 * @param frames - spectrogram frames per patch; VGGish has 96.
 * @param layout - axes of the network's input: F frames, B bands.
 * @param target - name of the tensor that the network reads.
 */
export function logMelPrefix(frames: number, layout: 'N1FB' | 'NFB' | 'NFB1' | 'N1BF' | 'NBF', target: string): Prefix {
  const { bins, bands, offset } = logMel;
  const shapes = {
    N1FB: [-1, 1, frames, bands],
    NFB: [-1, frames, bands],
    NFB1: [-1, frames, bands, 1],
    N1BF: [-1, 1, bands, frames],
    NBF: [-1, bands, frames],
  } as const;
  const framesFirst = layout !== 'N1BF' && layout !== 'NBF';
  const p = prefixed;
  const initializers: Initializer[] = [
    constant(p('after'), [frames, half], positions(frames, 1)),
    constant(p('before'), [frames, half], positions(frames, -1)),
    constant(p('cosines'), [half, bins], transformMatrix(Math.cos)),
    constant(p('sines'), [half, bins], transformMatrix(Math.sin)),
    constant(p('melBands'), [bins, bands], Float32Array.from(melMatrix())),
    constant(p('offset'), [1], Float32Array.of(offset)),
    constant(
      p('patchShape'),
      [shapes[layout].length],
      BigInt64Array.from(shapes[layout], (size) => BigInt(size)),
    ),
  ];
  const part = (operator: 'Add' | 'Sub', waves: string) => [
    node(operator, [p('right'), p('left')], [p(`${waves}.samples`)]),
    node('MatMul', [p(`${waves}.samples`), p(waves)], [p(`${waves}.sum`)]),
    node('Cast', [p(`${waves}.sum`)], [p(`${waves}.single`)], { to: elementTypes.float32 }),
    node('Mul', [p(`${waves}.single`), p(`${waves}.single`)], [p(`${waves}.square`)]),
  ];
  const nodes = [
    node('Cast', [p('samples')], [p('double')], { to: elementTypes.float64 }),
    node('Gather', [p('double'), p('after')], [p('right')], { axis: 1 }),
    node('Gather', [p('double'), p('before')], [p('left')], { axis: 1 }),
    ...part('Add', 'cosines'),
    ...part('Sub', 'sines'),
    node('Add', [p('cosines.square'), p('sines.square')], [p('power')]),
    node('Sqrt', [p('power')], [p('magnitude')]),
    node('MatMul', [p('magnitude'), p('melBands')], [p('mel')]),
    node('Add', [p('mel'), p('offset')], [p('raised')]),
    node('Log', [p('raised')], [p('log')]),
    ...(framesFirst ? [] : [node('Transpose', [p('log')], [p('bandsFirst')], { perm: [0, 2, 1] })]),
    node('Reshape', [p(framesFirst ? 'log' : 'bandsFirst'), p('patchShape')], [target]),
  ];
  const input = { name: p('samples'), elementType: elementTypes.float32, shape: ['N', samplesOfFrames(frames)] };
  return { nodes, initializers, input };
}
