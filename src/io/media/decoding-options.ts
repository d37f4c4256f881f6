import { checkBoolean, checkFunction, checkInteger, checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { KnownOptions } from '../../core/known-options.ts';
import type { Scope } from '../../operators/flow.ts';
import type { Verdict } from './faults.ts';
import { MAXIMUM_PIXELS } from './input-arguments.ts';

/** Options that `frames` and `audio` share. */
export interface DecodingOptions {
  /** The scope that the video's elements count in. */
  readonly scope: Scope;
  /**
   * Let a damaged stream complete instead of failing; `onVerdict` reports the damage. Default
   * false.
   */
  readonly allowPartial?: boolean | undefined;
  /** Called once, when the stream has been decoded to its end, before completion or error. */
  readonly onVerdict?: ((verdict: Verdict) => void) | undefined;
  /** Ends decoding with FlowError `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Number of decoder threads. Default 1: more cost memory and CPU time per frame, and several
   * videos at once use the cores as well.
   */
  readonly threads?: number | undefined;
  /** Milliseconds that a reader may wait for the decoder. Default 60,000. */
  readonly stallTimeout?: number | undefined;
  /** Larger frames are refused as `unsupported`. Default 8192 x 8192. */
  readonly maximumPixels?: number | undefined;
  /**
   * End a stream with `DoubtfulLength` as soon as its times or length contradict what its file
   * states, so that the caller can measure it (`video.measure(doubt)`) and start again. Default
   * false: it continues.
   */
  readonly stopInDoubt?: boolean | undefined;
}

/** The times or the length of a stream contradict its file's headers or its packets. */
export class DoubtfulLength extends Error {
  override readonly name = 'DoubtfulLength';
  /** Seconds of audio, if the whole stream was decoded and its packets had been measured before. */
  readonly decodedAudio: number | undefined;

  constructor(message: string, heard?: number) {
    super(message);
    this.decodedAudio = heard;
  }
}

/** The options of `DecodingOptions` with their defaults. */
export interface CheckedDecodingOptions {
  readonly allowPartial: boolean;
  readonly onVerdict: (verdict: Verdict) => void;
  readonly threads: number;
  readonly stallTimeout: number;
  readonly maximumPixels: number;
  readonly stopInDoubt: boolean;
}

/** Their names, for the lists of `frames` and `audio`. */
export const decodingOptions: KnownOptions<DecodingOptions> = {
  scope: true,
  allowPartial: true,
  onVerdict: true,
  signal: true,
  threads: true,
  stallTimeout: true,
  maximumPixels: true,
  stopInDoubt: true,
};

/** @throws UsageError if an option is invalid. */
export function checkDecodingOptions(options: DecodingOptions): CheckedDecodingOptions {
  const {
    scope,
    allowPartial = false,
    onVerdict = () => {},
    threads = 1,
    stallTimeout = 60_000,
    maximumPixels = MAXIMUM_PIXELS,
    stopInDoubt = false,
  } = options;
  if (typeof scope?.source !== 'function')
    throw new UsageError(`\`scope\` must be a Scope of a Flow, but is ${shown(scope)}`);
  checkBoolean('allowPartial', allowPartial);
  checkFunction('onVerdict', onVerdict);
  checkInteger('threads', threads, 1, 256);
  checkPositive('stallTimeout', stallTimeout);
  checkInteger('maximumPixels', maximumPixels);
  return { allowPartial, onVerdict, threads, stallTimeout, maximumPixels, stopInDoubt };
}
