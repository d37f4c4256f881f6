import { MediaError } from '../../core/errors.ts';
import type { DecoderLog } from './decoder-log.ts';
import type { DecoderProcess } from './decoder-process.ts';
import { type CheckedDecodingOptions, DoubtfulLength } from './decoding-options.ts';
import type { Verdict } from './faults.ts';
import { type DecodingFacts, judge } from './judge.ts';
import { lengthTolerance, statesLengths } from './lengths.ts';
import type { AudioStreamInfo, MediaInfo, VideoStreamInfo } from './media-info.ts';
import type { Video } from './video.ts';

/** What the reader of a decoder knows at the end of its stream. */
export interface DecodingEnd
  extends Pick<
    DecodingFacts,
    'signal' | 'kind' | 'decoded' | 'seconds' | 'lastTime' | 'runaway' | 'breaks' | 'silence'
  > {
  /** Why reading stopped, if not at the end of the stream. */
  readonly failure?: unknown;
}

/**
 * Finishes decoding: judges it, reports the verdict, and throws the verdict's error if a partial
 * stream is not allowed.
 *
 * @throws MediaError with the verdict's reason; DoubtfulLength if requested; `failure` itself, if
 * it is not a stalled decoder.
 */
export async function conclude(
  video: Video,
  info: MediaInfo,
  stream: VideoStreamInfo | AudioStreamInfo,
  decoder: DecoderProcess,
  settings: CheckedDecodingOptions,
  end: DecodingEnd,
): Promise<undefined> {
  const { failure, ...seen } = end;
  if (failure === undefined && settings.stopInDoubt && !seen.runaway) {
    // Only then is the log complete.
    await decoder.exit();
    stopInDoubt(video, info, stream, end, decoder.log);
  }
  const verdict = failure === undefined ? await judged() : stalled(failure, end);
  settings.onVerdict(verdict);
  if (verdict.verdict === 'partial' && !settings.allowPartial) {
    throw new MediaError(verdict.reason, verdict.message, { decoderLines: verdict.decoderLines });
  }
  return undefined;

  async function judged(): Promise<Verdict> {
    if (seen.runaway) await decoder.close();
    const exit = await decoder.exit();
    return judge({ name: video.id, path: video.file, info, stream, exit, log: decoder.log, ...seen });
  }
}

function stalled(failure: unknown, end: DecodingEnd): Verdict {
  if (!(failure instanceof MediaError) || failure.code !== 'timeout') throw failure;
  const { message, decoderLines } = failure;
  return {
    verdict: 'partial',
    reason: 'timeout',
    message,
    decoded: end.decoded,
    seconds: end.seconds,
    decoderLines,
    notes: [],
  };
}

/**
 * Compares what a stream contained with what its file states: whether it is longer, has times that
 * break off or, if the length was not written down, is shorter. In a measured file only audio can
 * still have a different length: its samples count, not its packets, some of which may only be
 * there to be decoded and discarded.
 *
 * @throws DoubtfulLength if they differ.
 */
function stopInDoubt(
  video: Video,
  info: MediaInfo,
  stream: VideoStreamInfo | AudioStreamInfo,
  end: DecodingEnd,
  log: DecoderLog,
): void {
  if (end.decoded === 0) return;
  const tolerance = lengthTolerance(stream.duration);
  const tooLong = end.seconds > stream.duration + tolerance;
  const tooShort = !statesLengths(info.container) && end.seconds < stream.duration - tolerance;
  if (info.measured) {
    const clean = log.counts.damage + log.counts.cut === 0;
    if (end.kind === 'audio' && (tooLong || (tooShort && clean))) throw doubt(video, stream, end.seconds, end.seconds);
    return;
  }
  if (tooLong || tooShort || end.breaks > 0) throw doubt(video, stream, end.seconds);
}

/** The error for a stream whose length differs from what its file states. */
export function doubt(
  video: Video,
  stream: VideoStreamInfo | AudioStreamInfo,
  seconds: number,
  heard?: number,
): DoubtfulLength {
  const message = `'${video.id}': stream ${stream.index} states ${stream.duration.toFixed(2)} s, but it has ${seconds.toFixed(2)} s, or its timestamps break off`;
  return new DoubtfulLength(message, heard);
}

/**
 * Beyond this many seconds, decoded media cannot be real: twice the stated length, or 100 bytes per
 * second.
 */
export function longestPlausible(duration: number, bytes: number): number {
  return Math.max(2 * duration + 60, bytes / 100);
}

/** Names of codecs that only occur in other streams of the file. */
export function codecsBeside(info: MediaInfo, index: number, codec: string): string[] {
  return [...info.codecs].filter(([other, name]) => other !== index && name !== codec).map(([, name]) => name);
}
