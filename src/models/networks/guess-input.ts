import type { AudioInput, FramesInput } from './card.ts';
import { logMel, samplesOfFrames } from './log-mel.ts';

/** A field of a card that the file does not state, and why this value was chosen. */
export interface Assumption {
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
}

/** An interpretation of an input. */
export interface GuessedInput {
  readonly input: FramesInput | AudioInput;
  readonly assumptions: readonly Assumption[];
}

type Shape = readonly (number | string)[];

/** Sizes used for a symbolic dimension. */
const usual = { side: 224, frames: 96, samples: 15_600 } as const;
/**
 * Half a second. Fewer numbers per row are more likely to be features, or the pixels of a small
 * picture, than audio.
 */
const minSamples = 8000;
const audioNames = /audio|sound|wave|pcm|mel|spec|log/i;
const spectrograms = ['N1FB', 'N1BF', 'NFB1', 'NFB', 'NBF'] as const;
const waves = ['N1S', 'NS1', 'NS'] as const;

/**
 * Interprets an input's shape as video frames: [N, 3, H, W] or [N, H, W, 3].
 *
 * @param dtype - of the input in the file.
 * @returns undefined if that is impossible.
 */
export function guessFrames(name: string, shape: Shape, dtype: 'float32' | 'uint8'): GuessedInput | undefined {
  if (shape.length !== 4) return undefined;
  const layout = shape[1] === 3 ? 'NCHW' : shape[3] === 3 ? 'NHWC' : undefined;
  if (layout === undefined) return undefined;
  const assumptions: Assumption[] = [];
  const side = (field: string, size: number | string | undefined): number => {
    if (typeof size === 'number') return size;
    assumptions.push({ field: `input.${field}`, value: usual.side, why: `the file takes any ${field} ('${size}')` });
    return usual.side;
  };
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  const input: FramesInput = {
    ...{ kind: 'frames', name, layout, dtype },
    width: side('width', width),
    height: side('height', height),
  };
  return { input, assumptions };
}

/**
 * Interprets an input's shape as audio: a log-mel spectrogram if one axis has 64 bands, else
 * samples.
 *
 * @returns undefined if it can be neither.
 */
export function guessAudio(name: string, shape: Shape): GuessedInput | undefined {
  const spectrogram = spectrograms.find((layout) => fits(layout, shape));
  if (spectrogram) return logMelInput(name, spectrogram, shape[spectrogram.indexOf('F')]);
  const wave = waves.find((layout) => fits(layout, shape));
  return wave && samplesInput(name, wave, shape[wave.indexOf('S')]);
}

/**
 * What else an input accepted by `guessAudio` might be, or undefined if its shape or name marks it
 * as audio: a single-channel picture has the shape of a spectrogram, and a list of features that of
 * samples.
 */
export function otherThanAudio(name: string, shape: Shape): string | undefined {
  if (audioNames.test(name)) return undefined;
  const spectrogram = spectrograms.find((layout) => fits(layout, shape));
  if (spectrogram !== undefined) {
    const frames = shape[spectrogram.indexOf('F')];
    const isPicture = shape.length === 4 && typeof frames === 'number' && frames !== usual.frames;
    return isPicture ? 'a greyscale image' : undefined;
  }
  const samples = shape.find((size, axis) => axis > 0 && size !== 1);
  return typeof samples === 'number' && samples < minSamples ? 'a list of features' : undefined;
}

/**
 * Whether a layout's letters match a shape's axes: 1 is an axis of length 1, B 64 bands, F frames,
 * S samples of audio, so not just a few.
 */
function fits(layout: string, shape: Shape): boolean {
  if (layout.length !== shape.length) return false;
  return [...layout].every((letter, axis) => {
    const size = shape[axis];
    if (letter === '1') return size === 1;
    if (letter === 'B') return size === logMel.bands;
    if (letter === 'F') return size !== 1;
    if (letter === 'S') return typeof size === 'string' || (size !== undefined && size >= logMel.hop);
    return true;
  });
}

const rate: Assumption = {
  field: 'input.sampleRate',
  value: logMel.sampleRate,
  why: 'the only supported sample rate',
};

function logMelInput(
  name: string,
  layout: (typeof spectrograms)[number],
  size: number | string | undefined,
): GuessedInput {
  const frames = typeof size === 'number' ? size : usual.frames;
  const assumptions: Assumption[] = [rate];
  if (typeof size !== 'number') {
    assumptions.push({ field: 'input.frames', value: frames, why: `the file takes any number of frames ('${size}')` });
  }
  const hopSamples = frames * logMel.hop;
  assumptions.push(
    {
      field: 'input.kind',
      value: 'log-mel',
      why: "64 bands: taken to be VGGish's spectrogram (25 ms, 125 to 7500 Hz)",
    },
    { field: 'input.hopSamples', value: hopSamples, why: 'consecutive patches without gaps' },
  );
  const patch = { sampleRate: logMel.sampleRate, frames, patchSamples: samplesOfFrames(frames), hopSamples };
  return { input: { kind: 'log-mel', name, layout, ...patch }, assumptions };
}

function samplesInput(name: string, layout: (typeof waves)[number], size: number | string | undefined): GuessedInput {
  const patchSamples = typeof size === 'number' ? size : usual.samples;
  const assumptions: Assumption[] = [rate];
  if (typeof size !== 'number') {
    assumptions.push({
      field: 'input.patchSamples',
      value: patchSamples,
      why: `the file takes any length ('${size}')`,
    });
  }
  assumptions.push({ field: 'input.hopSamples', value: patchSamples, why: 'patches that do not overlap' });
  const patch = { sampleRate: logMel.sampleRate, patchSamples, hopSamples: patchSamples };
  return { input: { kind: 'pcm', name, layout, ...patch }, assumptions };
}
