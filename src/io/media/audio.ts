import type { Observable } from 'rxjs';
import { checkInteger, checkString } from '../../check.ts';
import type { Puller } from '../../operators/flow.ts';
import { Patch } from '../../operators/patch.ts';
import type { BufferPool } from '../../operators/pool.ts';
import { abortable } from './abortable.ts';
import { codecsBeside, conclude, type DecodingEnd, longestPlausible } from './conclude.ts';
import { DecoderProcess } from './decoder-process.ts';
import { type CheckedDecodingOptions, checkDecodingOptions, type DecodingOptions } from './decoding-options.ts';
import { guardedInput } from './input-arguments.ts';
import type { AudioStreamInfo, MediaInfo } from './media-info.ts';
import type { Video } from './video.ts';

/** Options of `audio`. */
export interface AudioOptions extends DecodingOptions {
  /** Samples per second. Default 16,000. */
  readonly sampleRate?: number;
  /** Samples of a patch. Default 15,600: 96 windows of 25 ms, 10 ms apart. */
  readonly patchSamples?: number;
  /** Samples from one patch's first to the next one's. Default 15,360: 0.96 s. */
  readonly hopSamples?: number;
  /** Names the source in metrics. Default `decode-audio`. */
  readonly name?: string;
}

/** What the last 25 ms window of a patch reaches beyond its 10 ms step: no part of the time that the patch stands for. */
const WINDOW_OVERLAP_SECONDS = 0.015;

/**
 * The sound of a video as overlapping patches: mono (ffmpeg's default mix of the channels), resampled, float32 in
 * [-1, 1]. Patch k starts at the first decoded sample's time plus `k * hopSamples / sampleRate`, in seconds from the
 * container's start; its centre is the middle of the 0.96 s it stands for. Lost packets become silence, so later
 * patches keep their times. A tail shorter than a patch is left out; sound shorter than one patch is padded with zeros
 * to one. Probes the video where that has not happened yet.
 *
 * Samples are ffmpeg's 16-bit ones divided by 32,768, as VGGish was trained on, not its float ones: log(mel + 0.01) of
 * near silence differs between the two by far more than rounding.
 *
 * One ffmpeg runs per subscription. Nothing is read before the flow admits it: held are the patches downstream, and
 * beside them one patch of raw samples and 256 KiB for reading. Unsubscribing, an error or `signal` kills
 * ffmpeg at once. A video without sound completes empty.
 *
 * Errors: MediaError as `probe`'s; `timeout` when the decoder stalls; for a stream that decodes in part, after its last
 * patch, the verdict's reason (see `judge`), unless `allowPartial`. FlowError `aborted`.
 *
 * @throws UsageError for an option that is no good.
 * @example
 * audio(video, { scope: flow.scope(video.id) }).subscribe((patch) => console.log(patch.time, patch.data.length));
 */
export function audio(video: Video, options: AudioOptions): Observable<Patch> {
  const checked = checkDecodingOptions(options);
  const { sampleRate = 16_000, patchSamples = 15_600, hopSamples = 15_360, name = 'decode-audio', scope } = options;
  checkInteger('sampleRate', sampleRate, 1000, 384_000);
  checkInteger('patchSamples', patchSamples, 1, 1 << 24);
  checkInteger('hopSamples', hopSamples, 1, patchSamples);
  checkString('name', name);
  const { pool } = scope.flow;
  const open = async (): Promise<Puller<Patch>> => {
    const info = await video.probe({ signal: options.signal });
    if (info.audio === undefined) return { next: () => undefined };
    const settings = { ...checked, sampleRate, patchSamples, hopSamples, pool };
    const decoder = await DecoderProcess.start(video.path, decoderArguments(video.path, info.audio, settings), {
      stallTimeout: checked.stallTimeout,
      otherCodecs: codecsBeside(info, info.audio.index, info.audio.codec),
    });
    return new PatchPuller(video, info, info.audio, settings, decoder);
  };
  const source = scope.source(open, { name, cost: (patch: Patch) => patch.byteLength, estimate: 4 * patchSamples });
  return abortable(source, options.signal, `decoding the sound of '${video.id}'`);
}

interface PatchSettings extends CheckedDecodingOptions {
  readonly sampleRate: number;
  readonly patchSamples: number;
  readonly hopSamples: number;
  readonly pool: BufferPool;
}

class PatchPuller implements Puller<Patch> {
  readonly #video: Video;
  readonly #info: MediaInfo;
  readonly #stream: AudioStreamInfo;
  readonly #settings: PatchSettings;
  readonly #decoder: DecoderProcess;
  readonly #recycle: (data: Float32Array) => void;
  /** The samples of the patch that is being filled; its first `patch - hop` are the patch before's last. */
  readonly #samples: Int16Array;
  readonly #centreOffset: number;
  #startTime: number | undefined;
  #closed = false;
  #total = 0;
  #count = 0;

  constructor(
    video: Video,
    info: MediaInfo,
    stream: AudioStreamInfo,
    settings: PatchSettings,
    decoder: DecoderProcess,
  ) {
    this.#video = video;
    this.#info = info;
    this.#stream = stream;
    this.#settings = settings;
    this.#recycle = (data) => settings.pool.give(data);
    this.#samples = new Int16Array(settings.patchSamples);
    const seconds = settings.patchSamples / settings.sampleRate;
    this.#centreOffset = (seconds > WINDOW_OVERLAP_SECONDS ? seconds - WINDOW_OVERLAP_SECONDS : seconds) / 2;
    this.#decoder = decoder;
  }

  async next(): Promise<Patch | undefined> {
    const { patchSamples, hopSamples, sampleRate } = this.#settings;
    const kept = this.#count === 0 ? 0 : patchSamples - hopSamples;
    if (kept > 0) this.#samples.copyWithin(0, hopSamples);
    const wanted = this.#samples.subarray(kept);
    let filled = 0;
    try {
      filled = await this.#decoder.read(new Uint8Array(wanted.buffer, wanted.byteOffset, wanted.byteLength));
    } catch (failure) {
      return this.#end({ runaway: false, failure });
    }
    const fresh = Math.floor(filled / 2);
    this.#total += fresh;
    this.#startTime ??= await this.#firstSampleTime();
    if (fresh < wanted.length) {
      if (this.#count > 0 || this.#total === 0) return this.#end({ runaway: false });
      this.#samples.fill(0, fresh);
    }
    if (this.#total / sampleRate > longestPlausible(this.#stream.duration, this.#info.bytes))
      return this.#end({ runaway: true });
    return this.#patch();
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#decoder.close();
  }

  #patch(): Patch {
    const { hopSamples, sampleRate, pool } = this.#settings;
    const data = new Float32Array(pool.take(4 * this.#settings.patchSamples).buffer);
    for (let index = 0; index < data.length; index++) data[index] = (this.#samples[index] ?? 0) / 32_768;
    const time = (this.#startTime ?? 0) + (this.#count * hopSamples) / sampleRate;
    const patch = new Patch(data, this.#count, time, time + this.#centreOffset, this.#recycle);
    this.#count += 1;
    return patch;
  }

  async #firstSampleTime(): Promise<number> {
    const ticks = await this.#decoder.ticks.next();
    const stated = ticks === undefined ? this.#stream.start : ticks / this.#stream.sampleRate - this.#info.start;
    return Math.max(0, stated);
  }

  async #end(how: Pick<DecodingEnd, 'runaway' | 'failure'>): Promise<undefined> {
    if (this.#closed) return undefined;
    const seconds = this.#total / this.#settings.sampleRate;
    const lastTime = (this.#startTime ?? 0) + seconds;
    const end: DecodingEnd = { kind: 'audio', decoded: this.#total, seconds, lastTime, ...how };
    return conclude(this.#video, this.#info, this.#stream, this.#decoder, this.#settings, end);
  }
}

/**
 * `async=1` fills gaps of timestamps with silence and trims overlaps, but does not touch sound whose timestamps are
 * sound: measured over all whole reference clips, its samples are bit for bit those of a plain `-ac 1 -ar 16000`. The
 * first sample's time is carried beside the samples, not as padding.
 */
function decoderArguments(path: string, stream: AudioStreamInfo, settings: PatchSettings): string[] {
  const filters = [
    `asettb=1/${stream.sampleRate}`,
    ...[
      "ametadata=mode=add:key=t:value=1:enable='eq(n,0)'",
      "ametadata=mode=print:key=t:file=pipe\\\\:3:direct=1:enable='eq(n,0)'",
    ],
    'aresample=async=1',
  ];
  return [
    ...['-threads', String(settings.threads), '-copyts', ...guardedInput(path, settings.maximumPixels)],
    ...['-map', `0:${stream.index}`, '-filter_threads', '1', '-af', filters.join(',')],
    ...['-ac', '1', '-ar', String(settings.sampleRate), '-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1'],
  ];
}
