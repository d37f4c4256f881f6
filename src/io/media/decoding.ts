import type { Observable } from 'rxjs';
import { abortable } from '../../core/abortable.ts';
import type { PullSource } from '../../operators/flow.ts';
import type { Payload } from '../../operators/payload.ts';
import { conclude, type DecodingEnd, doubt, longestPlausible } from './conclude.ts';
import { type DecoderOptions, DecoderProcess } from './decoder-process.ts';
import type { CheckedDecodingOptions, DecodingOptions, DoubtfulLength } from './decoding-options.ts';
import { heldSource } from './held-source.ts';
import { lengthTolerance } from './lengths.ts';
import type { MediaInfo } from './media-info.ts';
import type { Video } from './video.ts';

/** Which stream of a video is decoded. */
type Kind = 'video' | 'audio';
type StreamOf<K extends Kind> = NonNullable<MediaInfo[K]>;

/**
 * The decoded frames or audio blocks of a file. Probes the file, and completes empty if it has no
 * such stream.
 *
 * @param open - starts reading the stream.
 */
export function decodedSource<Element extends Payload, K extends Kind>(
  video: Video,
  { scope, signal }: DecodingOptions,
  { kind, name, estimate }: { readonly kind: K; readonly name: string; readonly estimate: number },
  open: (file: string, info: MediaInfo, stream: StreamOf<K>) => Promise<PullSource<Element>>,
): Observable<Element> {
  const openFile = async (file: string): Promise<PullSource<Element> | undefined> => {
    const info = await video.probe({ signal });
    const stream = info[kind];
    return stream === undefined ? undefined : open(file, info, stream as StreamOf<K>);
  };
  const source = scope.source(() => heldSource(video, signal, openFile), {
    ...{ name, estimate },
    cost: (element: Element) => element.byteLength,
  });
  return abortable(source, signal, `decoding the ${kind === 'video' ? 'pictures' : 'sound'} of '${video.id}'`);
}

/** A stream being decoded: what is known about it, its decoder, and how it ends. */
export class Decoding<K extends Kind> {
  readonly decoder: DecoderProcess;
  /** Times beyond this one contradict the stated length. */
  readonly latest: number;
  readonly #video: Video;
  readonly #info: MediaInfo;
  readonly #stream: StreamOf<K>;
  readonly #settings: CheckedDecodingOptions;
  /**
   * Aborted when nobody is listening any more: ends the decoder, and any further check of its file.
   */
  readonly #closing = new AbortController();

  private constructor(
    video: Video,
    info: MediaInfo,
    stream: StreamOf<K>,
    settings: CheckedDecodingOptions,
    decoder: DecoderProcess,
  ) {
    this.#video = video;
    this.#info = info;
    this.#stream = stream;
    this.#settings = settings;
    this.decoder = decoder;
    this.latest = stream.start + stream.duration + lengthTolerance(stream.duration);
  }

  /** @param args ffmpeg's arguments: what it reads and writes. */
  static async start<K extends Kind>(
    video: Video,
    info: MediaInfo,
    stream: StreamOf<K>,
    settings: CheckedDecodingOptions,
    args: readonly string[],
    onTick?: DecoderOptions['onTick'],
  ): Promise<Decoding<K>> {
    const beside = [...info.codecs].filter(([index, codec]) => index !== stream.index && codec !== stream.codec);
    const decoder = await DecoderProcess.start(video.path, args, {
      stallTimeout: settings.stallTimeout,
      otherCodecs: beside.map(([, codec]) => codec),
      onTick,
    });
    return new Decoding(video, info, stream, settings, decoder);
  }

  /**
   * The error for a stream that contradicts what its file states, if the caller wants to hear of it
   * and the lengths have not been measured yet.
   *
   * @param isContradicted whether its times contradict the file.
   * @param seconds its length so far.
   */
  doubt(isContradicted: boolean, seconds: number): DoubtfulLength | undefined {
    if (!isContradicted || !this.#settings.stopInDoubt || this.#info.measured) return undefined;
    return doubt(this.#video, this.#stream, seconds);
  }

  /** Whether this is longer than the file can possibly be. */
  isRunaway(seconds: number): boolean {
    return seconds > longestPlausible(this.#stream.duration, this.#info.bytes);
  }

  /** Judges what was decoded, unless nobody is listening any more. @throws as `conclude`. */
  async end(end: Omit<DecodingEnd, 'signal'>): Promise<undefined> {
    const { signal } = this.#closing;
    if (signal.aborted) return undefined;
    return conclude(this.#video, this.#info, this.#stream, this.decoder, this.#settings, { ...end, signal });
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.decoder.close();
  }
}
