import { checkInteger, checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { sharedMemory } from '../../core/shared-memory.ts';
import { centreOfPatch } from '../../io/media/audio.ts';
import { Frame } from '../../operators/frame.ts';
import { Patch } from '../../operators/patch.ts';
import { poison } from '../../operators/poison.ts';

/** The frame rate of a fake video. */
export const FAKE_RATE = 25;
/**
 * Samples per second, samples in a patch, and samples from one patch to the next, as for VGGish.
 */
const [SAMPLE_RATE, PATCH_SAMPLES, HOP_SAMPLES] = [16_000, 15_600, 15_360];
const TONE_HERTZ = 440;

/** What a picture shows: one colour (red, green, blue), or all its bytes. */
export type Picture = readonly [number, number, number] | Uint8Array;

/** Options of a fake frame. */
export interface FakeFrameOptions {
  /** Pixels per row. Default 8. */
  readonly width?: number | undefined;
  /** Rows. Default 8. */
  readonly height?: number | undefined;
  /** Position in its stream. Default 0. */
  readonly index?: number | undefined;
  /** Seconds. Default: from its position, at 25 frames per second. */
  readonly time?: number | undefined;
  /** What it shows. Default: noise, different for each `index` and the same in every run. */
  readonly picture?: Picture | undefined;
}

/** Options of a fake patch of sound. */
export interface FakePatchOptions {
  /** Default 15,600: 0.975 s, as for VGGish. */
  readonly samples?: number | undefined;
  /** Samples per second. Default 16,000. */
  readonly sampleRate?: number | undefined;
  /** Position in its stream. Default 0. */
  readonly index?: number | undefined;
  /**
   * Seconds to its first sample. Default: from its position, at 15,360 samples from one patch to
   * the next.
   */
  readonly time?: number | undefined;
  /**
   * Its samples, or their values as a function of the time in seconds. Default: a tone of 440 Hz.
   */
  readonly sound?: Float32Array | ((time: number) => number) | undefined;
}

const knownOfFrame: KnownOptions<FakeFrameOptions> = {
  ...{ width: true, height: true, index: true, time: true, picture: true },
};
const knownOfPatch: KnownOptions<FakePatchOptions> = {
  ...{ samples: true, sampleRate: true, index: true, time: true, sound: true },
};

/**
 * A frame as a decoder produces it, with made-up content. Operators of a flow hold and release it
 * like any other; after the last release it is overwritten, and reading it is an error.
 *
 * @example
 * const black = fakeFrame({ picture: [0, 0, 0], time: 1.5 });
 */
export function fakeFrame(options: FakeFrameOptions = {}): Frame {
  checkKnownOptions('fakeFrame', options, knownOfFrame);
  const width = checkInteger('width', options.width ?? 8);
  const height = checkInteger('height', options.height ?? 8);
  const index = checkInteger('index', options.index ?? 0, 0);
  const time = checkPositive('time', options.time ?? index / FAKE_RATE, { zero: true });
  const pixels = new Uint8Array(sharedMemory(width * height * 3));
  fillPicture(pixels, index, options.picture);
  return new Frame(pixels, width, height, index, time, poison);
}

/**
 * A patch of sound as a decoder produces it, with made-up content: see `fakeFrame`.
 *
 * @example
 * const silence = fakePatch({ sound: () => 0 });
 */
export function fakePatch(options: FakePatchOptions = {}): Patch {
  checkKnownOptions('fakePatch', options, knownOfPatch);
  const length = checkInteger('samples', options.samples ?? PATCH_SAMPLES);
  const sampleRate = checkPositive('sampleRate', options.sampleRate ?? SAMPLE_RATE);
  const index = checkInteger('index', options.index ?? 0, 0);
  const time = checkPositive('time', options.time ?? (index * HOP_SAMPLES) / sampleRate, { zero: true });
  const samples = new Float32Array(sharedMemory(4 * length));
  fillSound(samples, { time, sampleRate, sound: options.sound });
  return new Patch(samples, index, time, time + centreOfPatch(length / sampleRate), poison);
}

/** Writes a picture; without one, noise that never has the value of overwritten memory. */
export function fillPicture(pixels: Uint8Array, index: number, picture: Picture | undefined): void {
  if (picture instanceof Uint8Array) {
    checkLength('picture', picture.length, pixels.length);
    pixels.set(picture);
    return;
  }
  if (picture !== undefined) checkColour(picture);
  let state = index * 7919 + 1;
  for (let at = 0; at < pixels.length; at += 1) {
    state = (state * 48_271) % 2_147_483_647;
    pixels[at] = picture === undefined ? state % 255 : (picture[at % 3] as number);
  }
}

/** Writes sound; without any, a tone. */
export function fillSound(
  samples: Float32Array,
  {
    time,
    sampleRate,
    sound = (at) => 0.5 * Math.sin(2 * Math.PI * TONE_HERTZ * at),
  }: Pick<FakePatchOptions, 'sound'> & { readonly time: number; readonly sampleRate: number },
): void {
  if (typeof sound !== 'function') {
    checkLength('sound', sound.length, samples.length);
    samples.set(sound);
    return;
  }
  for (let at = 0; at < samples.length; at += 1) samples[at] = sound(time + at / sampleRate);
}

function checkColour(colour: readonly number[]): void {
  const isByte = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
  if (Array.isArray(colour) && colour.length === 3 && colour.every(isByte)) return;
  throw new UsageError('`picture` must be a colour of three integers from 0 to 255, or a Uint8Array of all its bytes', {
    option: 'picture',
  });
}

function checkLength(name: string, given: number, expected: number): void {
  if (given !== expected) throw new UsageError(`\`${name}\` must have ${expected} values, but has ${given}`);
}
