import type { Observable } from 'rxjs';
import { checkInteger, checkString } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { BufferPool } from '../../operators/buffer-pool.ts';
import type { PullSource } from '../../operators/flow.ts';
import { Patch } from '../../operators/patch.ts';
import { AudioGaps } from './audio-gaps.ts';
import { MarkReader, markFilters } from './audio-marks.ts';
import type { DecodingEnd } from './conclude.ts';
import { Decoding, decodedSource } from './decoding.ts';
import {
  type CheckedDecodingOptions,
  checkDecodingOptions,
  type DecodingOptions,
  decodingOptions,
} from './decoding-options.ts';
import { guardedInput } from './input-arguments.ts';
import { believedUntil } from './lengths.ts';
import type { AudioStreamInfo, MediaInfo } from './media-info.ts';
import { SamplesAhead } from './samples-ahead.ts';
import type { StreamClockOptions } from './stream-clock.ts';
import type { Video } from './video.ts';

/** Options of `audio`. */
export interface AudioOptions extends DecodingOptions {
  /** Samples per second. Default 16,000. */
  readonly sampleRate?: number | undefined;
  /** Samples of a patch. Default 15,600: 96 windows of 25 ms, 10 ms apart. */
  readonly patchSamples?: number | undefined;
  /** Samples from the start of one patch to the start of the next. Default 15,360: 0.96 s. */
  readonly hopSamples?: number | undefined;
  /** Name of the source in metrics. Default `decode-audio`. */
  readonly name?: string | undefined;
}

/**
 * How far a patch's last 25 ms window extends beyond its 10 ms step; not part of the time that the
 * patch represents.
 */
const WINDOW_OVERLAP_SECONDS = 0.015;

const known: KnownOptions<AudioOptions> = {
  ...decodingOptions,
  sampleRate: true,
  patchSamples: true,
  hopSamples: true,
  name: true,
};

/**
 * The audio of a video as overlapping patches: mono (ffmpeg's default mix of the channels; mixed
 * evenly for more than 8 channels or a layout that it has no mix for), resampled, float32 in [-1,
 * 1]. Patch k starts at the first decoded sample's time plus `k * hopSamples / sampleRate`, in
 * seconds from the container's start; its centre is the middle of the 0.96 s it represents. Lost
 * packets become silence, so later patches keep their times; the verdict says how much. No audio is
 * dropped, whatever its times say. A tail shorter than a patch is left out; audio shorter than one
 * patch is zero-padded to one. Probes the video if that has not been done yet.
 *
 * Samples are ffmpeg's 16-bit ones divided by 32,768, which is what VGGish was trained on, not its
 * float samples: log(mel + 0.01) of near silence differs between the two by far more than rounding.
 *
 * One ffmpeg runs per subscription. Nothing is read before the flow admits it; besides the patches
 * downstream, only one patch of raw samples and a 64 KiB read buffer are held. Unsubscribing, an
 * error or `signal` kills ffmpeg at once. A video without audio completes empty.
 *
 * Errors: MediaErrors of `probe`; `timeout` if the decoder stalls; for a stream that decodes only
 * in part, after its last patch, the verdict's reason (see `judge`), unless `allowPartial`.
 * FlowError `aborted`.
 *
 * @throws UsageError for an option that is invalid.
 * @example
 * const heat = video('trailers/heat.mp4');
 * audio(heat, { scope: flow.scope(heat.id) }).subscribe((patch) => console.log(patch.time, patch.data.length));
 */
export function audio(video: Video, options: AudioOptions): Observable<Patch> {
  checkKnownOptions('audio', options, known);
  const checked = checkDecodingOptions(options);
  const { sampleRate = 16_000, patchSamples = 15_600, hopSamples = 15_360, name = 'decode-audio', scope } = options;
  checkInteger('sampleRate', sampleRate, 1000, 384_000);
  checkInteger('patchSamples', patchSamples, 1, 1 << 24);
  checkInteger('hopSamples', hopSamples, 1, patchSamples);
  checkString('name', name);
  const { pool } = scope.flow;
  const settings = { ...checked, sampleRate, patchSamples, hopSamples, pool };
  const source = { kind: 'audio', name, estimate: 4 * patchSamples } as const;
  return decodedSource(video, options, source, async (file, info, stream) => {
    const gaps = new AudioGaps(clockOptions(info, stream), sampleRate);
    const marks = audioMarks(info, stream, gaps);
    const args = decoderArguments(file, info, stream, settings);
    const onTick = (frame: number, ticks: number | undefined) => marks.line(frame, ticks);
    const decoding = await Decoding.start<'audio'>(video, info, stream, settings, args, onTick);
    return new PatchReader(decoding, stream, settings, gaps);
  });
}

interface PatchSettings extends CheckedDecodingOptions {
  readonly sampleRate: number;
  readonly patchSamples: number;
  readonly hopSamples: number;
  readonly pool: BufferPool;
}

/** Approximate length of an audio frame, s. */
const USUAL_FRAME = 0.02;

function clockOptions(info: MediaInfo, stream: AudioStreamInfo): StreamClockOptions {
  return {
    start: stream.start,
    period: USUAL_FRAME,
    believedUntil: believedUntil(info, stream),
    longestGap: stream.longestGap,
  };
}

function audioMarks(info: MediaInfo, stream: AudioStreamInfo, gaps: AudioGaps): MarkReader {
  return new MarkReader(({ samples, ticks }) =>
    gaps.mark(samples / stream.sampleRate, ticks === undefined ? undefined : ticks / stream.sampleRate - info.start),
  );
}

/** Seconds from a patch's first sample to what counts as its middle. */
export function centreOfPatch(seconds: number): number {
  return (seconds > WINDOW_OVERLAP_SECONDS ? seconds - WINDOW_OVERLAP_SECONDS : seconds) / 2;
}

class PatchReader implements PullSource<Patch> {
  readonly #decoding: Decoding<'audio'>;
  readonly #stream: AudioStreamInfo;
  readonly #settings: PatchSettings;
  readonly #recycle: (data: Float32Array) => void;
  /**
   * The samples of the patch that is being filled; its first `patch - hop` samples are the last
   * ones of the previous patch.
   */
  readonly #samples: Int16Array;
  readonly #centreOffset: number;
  readonly #gaps: AudioGaps;
  readonly #ahead = new SamplesAhead();
  /** Samples from ffmpeg that are in patches so far. */
  #decoded = 0;
  /** Samples of silence inserted so far. */
  #silence = 0;
  /** Samples of silence still to be inserted for the current gap. */
  #silent = 0;
  #count = 0;

  constructor(decoding: Decoding<'audio'>, stream: AudioStreamInfo, settings: PatchSettings, gaps: AudioGaps) {
    this.#decoding = decoding;
    this.#stream = stream;
    this.#settings = settings;
    this.#gaps = gaps;
    this.#recycle = (data) => settings.pool.give(data);
    this.#samples = new Int16Array(settings.patchSamples);
    this.#centreOffset = centreOfPatch(settings.patchSamples / settings.sampleRate);
  }

  async next(): Promise<Patch | undefined> {
    const { patchSamples, hopSamples, sampleRate } = this.#settings;
    const kept = this.#count === 0 ? 0 : patchSamples - hopSamples;
    if (kept > 0) this.#samples.copyWithin(0, hopSamples);
    const wanted = this.#samples.subarray(kept);
    let fresh = 0;
    try {
      fresh = await this.#fill(wanted);
    } catch (failure) {
      return this.#end({ runaway: false, failure });
    }
    const total = this.#decoded + this.#silence;
    const isContradicted = this.#gaps.breaks > 0 || this.#time(total) > this.#decoding.latest;
    const doubt = this.#decoding.doubt(isContradicted, total / sampleRate);
    if (doubt !== undefined) throw doubt;
    if (fresh < wanted.length) {
      if (this.#count > 0 || total === 0) return this.#end({ runaway: false });
      this.#samples.fill(0, fresh);
    }
    if (this.#decoding.isRunaway(total / sampleRate)) return this.#end({ runaway: true });
    return this.#patch();
  }

  close(): Promise<void> {
    return this.#decoding.close();
  }

  #patch(): Patch {
    const { hopSamples, pool } = this.#settings;
    const data = new Float32Array(pool.take(4 * this.#settings.patchSamples).buffer);
    for (let index = 0; index < data.length; index++) data[index] = (this.#samples[index] ?? 0) / 32_768;
    const time = this.#time(this.#count * hopSamples);
    const patch = new Patch(data, this.#count, time, time + this.#centreOffset, this.#recycle);
    this.#count += 1;
    return patch;
  }

  /** Time of a sample, counting silence. */
  #time(sample: number): number {
    return (this.#gaps.start ?? Math.max(0, this.#stream.start)) + sample / this.#settings.sampleRate;
  }

  /**
   * Fills `into` with audio, and with silence where audio is missing.
   * @returns the number of samples; fewer only at the end.
   */
  async #fill(into: Int16Array): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const silent = Math.min(this.#silent, into.length - filled);
      into.fill(0, filled, filled + silent);
      filled += silent;
      this.#silent -= silent;
      this.#silence += silent;
      const count = await this.#untilGap(into.length - filled);
      if (count === 0 && this.#silent === 0) break;
      into.set(this.#ahead.take(count), filled);
      this.#decoded += count;
      filled += count;
    }
    return filled;
  }

  /**
   * Number of samples that may be taken before the next silence, which is prepared if it comes at
   * once; also 0 at the end. Silence is announced by marks beside the samples, and the decoder must
   * make progress to write them, so it is read ahead meanwhile.
   */
  async #untilGap(wanted: number): Promise<number> {
    const end = this.#decoded + wanted;
    while (this.#ahead.length < wanted || this.#gaps.known < end) {
      if (await this.#ahead.read(this.#decoding.decoder)) continue;
      if (!(await this.#decoding.decoder.ticks.more())) break;
    }
    const gap = this.#gaps.next();
    const before = gap === undefined ? wanted : Math.max(0, gap.at - this.#decoded);
    if (gap !== undefined && before === 0) {
      this.#gaps.shift();
      this.#silent = gap.samples;
    }
    return Math.min(wanted, before, this.#ahead.length);
  }

  #end(how: Pick<DecodingEnd, 'runaway' | 'failure'>): Promise<undefined> {
    const { sampleRate } = this.#settings;
    const total = this.#decoded + this.#silence;
    return this.#decoding.end({
      kind: 'audio',
      decoded: this.#decoded,
      seconds: total / sampleRate,
      lastTime: this.#time(total),
      breaks: this.#gaps.breaks,
      silence: this.#silence / sampleRate,
      ...how,
    });
  }
}

/** Maximum number of channels for ffmpeg's own mix. */
const MAX_MIXED = 8;

/**
 * Samples arrive as decoded, one after another: ffmpeg's own way of following timestamps
 * (`aresample=async`) drops audio where they run slow. Marks report where times run ahead of the
 * samples.
 */
function decoderArguments(path: string, info: MediaInfo, stream: AudioStreamInfo, settings: PatchSettings): string[] {
  const { channels, channelLayout } = stream;
  const filters = markFilters(stream.sampleRate);
  // ffmpeg has no mix for a layout given as a number or as single speakers.
  if (channels > MAX_MIXED || (channelLayout !== undefined && /\d+ channels/.test(channelLayout))) {
    const share = (1 / channels).toFixed(9);
    filters.push(`pan=mono|c0=${Array.from({ length: channels }, (_, index) => `${share}*c${index}`).join('+')}`);
  }
  return [
    ...['-threads', String(settings.threads), '-copyts'],
    ...guardedInput(path, settings.maximumPixels, { lookAhead: stream.late === true, end: info.readableBytes }),
    ...['-map', `0:${stream.index}`, '-filter_threads', '1', '-af', filters.join(',')],
    ...['-ac', '1', '-ar', String(settings.sampleRate), '-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1'],
  ];
}
