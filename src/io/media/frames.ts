import type { Observable } from 'rxjs';
import { checkInteger, checkOneOf, checkPositive, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { BufferPool } from '../../operators/buffer-pool.ts';
import type { PullSource } from '../../operators/flow.ts';
import { Frame } from '../../operators/frame.ts';
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
import type { MediaInfo, Ratio, VideoStreamInfo } from './media-info.ts';
import { orderingFilter, rateToClock } from './ordering-filter.ts';
import { type Resize, resizeFilters } from './resize.ts';
import { StreamClock } from './stream-clock.ts';
import type { Video } from './video.ts';

/**
 * Which frames are decoded: all (`native`), a constant rate in frames per second (frames are
 * repeated or dropped; every frame is still decoded), only key frames (the decoder skips the
 * others, which is much cheaper), or every n-th.
 */
export type FrameSampling = number | 'native' | 'keyframes' | { readonly every: number };

/** Options of `frames`. */
export interface FramesOptions extends DecodingOptions {
  /** Pixels per row. Default 224. */
  readonly width?: number | undefined;
  /** Rows. Default 224. */
  readonly height?: number | undefined;
  /**
   * `stretch` (default): straight to the size. `crop`: as torchvision does, see `resizeFilters`.
   */
  readonly resize?: Resize | undefined;
  /** Default `native`. */
  readonly fps?: FrameSampling | undefined;
  /** Name of the source in metrics. Default `decode-video`. */
  readonly name?: string | undefined;
}

const known: KnownOptions<FramesOptions> = {
  ...decodingOptions,
  width: true,
  height: true,
  resize: true,
  fps: true,
  name: true,
};

/**
 * The frames of a video, in presentation order: RGB, 8 bits, `height * width * 3` bytes each,
 * rotated as a player would show them. Each carries its presentation time, exact to the container's
 * tick, in seconds from the container's start. Times never go back: where the file's do, or jump
 * ahead, frames continue one period after the last time (see `StreamClock`), and the verdict notes
 * it. Probes the video if that has not been done yet.
 *
 * One ffmpeg runs per subscription. Nothing is read before the flow admits it; besides the frames
 * downstream, only a 64 KiB read buffer is held. Unsubscribing, an error or `signal` kills ffmpeg
 * at once. A file without video completes empty.
 *
 * Errors: MediaErrors of `probe`; `timeout` if the decoder stalls; for a stream that decodes only
 * in part, after its last frame, the verdict's reason (see `judge`), unless `allowPartial`.
 * FlowError `aborted`.
 *
 * @throws UsageError for an option that is invalid.
 * @example
 * const heat = video('trailers/heat.mp4');
 * frames(heat, { scope: flow.scope(heat.id), width: 224, height: 224 }).subscribe((frame) => console.log(frame.time));
 */
export function frames(video: Video, options: FramesOptions): Observable<Frame> {
  checkKnownOptions('frames', options, known);
  const checked = checkDecodingOptions(options);
  const { width = 224, height = 224, resize = 'stretch', fps = 'native', name = 'decode-video', scope } = options;
  checkInteger('width', width, 1, 8192);
  checkInteger('height', height, 1, 8192);
  checkOneOf('resize', resize, ['stretch', 'crop']);
  checkSampling(fps);
  checkString('name', name);
  const settings = { ...checked, width, height, resize, fps, pool: scope.flow.pool };
  const source = { kind: 'video', name, estimate: width * height * 3 } as const;
  return decodedSource(video, options, source, async (file, info, stream) => {
    const args = decoderArguments(file, info, stream, settings);
    const decoding = await Decoding.start<'video'>(video, info, stream, settings, args);
    return new FrameReader(decoding, info, stream, settings);
  });
}

interface FrameSettings extends CheckedDecodingOptions {
  readonly width: number;
  readonly height: number;
  readonly resize: Resize;
  readonly fps: FrameSampling;
  readonly pool: BufferPool;
}

/** The longest usual interval between two key frames, s. */
const LONGEST_GROUP = 20;

class FrameReader implements PullSource<Frame> {
  readonly #decoding: Decoding<'video'>;
  readonly #stream: VideoStreamInfo;
  readonly #settings: FrameSettings;
  readonly #clock: Ratio;
  /** Seconds by which a tick count exceeds the time from the container's start. */
  readonly #offset: number;
  readonly #period: number;
  readonly #times: StreamClock;
  readonly #recycle: (data: Uint8Array) => void;
  #count = 0;
  #firstTime = 0;
  #lastTime = 0;

  constructor(decoding: Decoding<'video'>, info: MediaInfo, stream: VideoStreamInfo, settings: FrameSettings) {
    this.#decoding = decoding;
    this.#stream = stream;
    this.#settings = settings;
    this.#recycle = (data) => settings.pool.give(data);
    const { fps } = settings;
    const constant = typeof fps === 'number';
    this.#clock = constant ? rateToClock(fps) : stream.timeBase;
    // If ffmpeg chooses among the frames, it has already put the times in order.
    const ordered = constant || isIrregular(stream, fps);
    this.#offset = ordered ? 0 : info.start;
    this.#period = constant ? 1 / fps : (typeof fps === 'object' ? fps.every : 1) / stream.averageRate;
    this.#times = new StreamClock({
      start: stream.start,
      period: this.#period,
      believedUntil: ordered ? Number.POSITIVE_INFINITY : believedUntil(info, stream),
      crawls: stream.crawls === true && fps === 'native',
      longestGap: (stream.longestGap ?? 0) + (fps === 'native' ? 0 : LONGEST_GROUP),
    });
  }

  async next(): Promise<Frame | undefined> {
    const data = this.#settings.pool.take(this.#settings.width * this.#settings.height * 3);
    let filled = 0;
    try {
      filled = await this.#decoding.decoder.read(data);
    } catch (failure) {
      this.#settings.pool.give(data);
      return this.#end({ runaway: false, failure });
    }
    if (filled === data.length) {
      const ticks = this.#decoding.decoder.ticks.next();
      return this.#withinMeasure(this.#frame(data, ticks instanceof Promise ? await ticks : ticks));
    }
    this.#settings.pool.give(data);
    return this.#end({ runaway: false });
  }

  close(): Promise<void> {
    return this.#decoding.close();
  }

  #frame(data: Uint8Array, ticks: number | undefined): Frame {
    const { width, height } = this.#settings;
    const stated =
      ticks === undefined ? undefined : (ticks * this.#clock.numerator) / this.#clock.denominator - this.#offset;
    const time = Math.max(0, this.#times.place(stated));
    if (this.#count === 0) this.#firstTime = time;
    this.#lastTime = time;
    const frame = new Frame(data, width, height, this.#count, time, this.#recycle);
    this.#count += 1;
    return frame;
  }

  /** At a constant rate, damaged times could make ffmpeg repeat a frame for hours. */
  #withinMeasure(frame: Frame): Frame | Promise<Frame | undefined> {
    const isContradicted = this.#times.breaks > 0 || frame.time > this.#decoding.latest + this.#period;
    const doubt = this.#decoding.doubt(isContradicted, frame.time);
    if (doubt !== undefined) {
      this.#settings.pool.give(frame.data);
      return Promise.reject(doubt);
    }
    if (typeof this.#settings.fps !== 'number' || !this.#decoding.isRunaway(frame.time)) return frame;
    this.#settings.pool.give(frame.data);
    this.#count -= 1;
    return this.#end({ runaway: true });
  }

  #end(how: Pick<DecodingEnd, 'runaway' | 'failure'>): Promise<undefined> {
    return this.#decoding.end({
      kind: this.#settings.fps === 'native' ? 'video' : 'sampled',
      decoded: this.#count,
      seconds: this.#count === 0 ? 0 : this.#lastTime - this.#firstTime + Math.min(this.#period, this.#stream.duration),
      lastTime: this.#lastTime,
      breaks: this.#times.breaks,
      silence: 0,
      ...how,
    });
  }
}

function decoderArguments(path: string, info: MediaInfo, stream: VideoStreamInfo, settings: FrameSettings): string[] {
  const { fps, threads, maximumPixels, width, height, resize } = settings;
  const { numerator, denominator } = stream.timeBase;
  const filters = [`settb=${numerator}/${denominator}`];
  const irregular = isIrregular(stream, fps);
  if (irregular || typeof fps === 'number') filters.push(orderingFilter(info, stream));
  if (typeof fps === 'object') filters.push(`select=not(mod(n\\,${fps.every}))`);
  if (fps === 'keyframes' && irregular) filters.push('select=key');
  if (typeof fps === 'number') {
    const rate = rateToClock(fps);
    // ffmpeg emits no frame for less than half a period.
    const isShort = stream.duration * fps < 1;
    filters.push(`fps=${rate.denominator}/${rate.numerator}${isShort ? ':eof_action=pass' : ''}`);
  }
  filters.push(...resizeFilters(stream, width, height, resize));
  filters.push('metadata=mode=add:key=t:value=1', 'metadata=mode=print:key=t:file=pipe\\\\:3:direct=1');
  return [
    ...['-threads', String(threads), '-copyts'],
    ...(fps === 'keyframes' && !irregular ? ['-skip_frame', 'nokey'] : []),
    ...guardedInput(path, maximumPixels, { lookAhead: stream.late === true, end: info.readableBytes }),
    ...['-map', `0:${stream.index}`, '-filter_threads', '1', '-vf', filters.join(','), '-fps_mode', 'passthrough'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
}

/** Whether the times of frames that are left out are needed for those that are wanted. */
function isIrregular(stream: VideoStreamInfo, sampling: FrameSampling): boolean {
  return sampling !== 'native' && ((stream.breaks ?? 0) > 0 || stream.crawls === true);
}

/** Asserts which frames are read. @throws UsageError. */
export function checkSampling(sampling: FrameSampling): void {
  if (typeof sampling === 'number') checkPositive('fps', sampling);
  else if (typeof sampling === 'object' && sampling !== null) checkInteger('fps.every', sampling.every);
  else if (sampling !== 'native' && sampling !== 'keyframes') {
    throw new UsageError(
      `\`fps\` must be a number above 0, 'native', 'keyframes' or { every: n }, but is ${shown(sampling)}`,
    );
  }
}
