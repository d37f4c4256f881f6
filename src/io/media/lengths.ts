import type { AudioStreamInfo, DurationSource, MediaInfo, VideoStreamInfo } from './media-info.ts';
import { type PacketScan, type PacketSpan, scanPackets } from './packets.ts';
import { type ProbedStream, type ProbeReport, parseClockTime, parseRatio, ticksToSeconds } from './probe-report.ts';

/** A length that a file claims. */
export interface ClaimedLength {
  readonly duration: number;
  readonly source: DurationSource;
}

/**
 * Raw streams without a header: a length that ffprobe states for them is guessed from the bit rate.
 */
const HEADERLESS = /^(mp3|aac|ac3|eac3|dts|truehd|h264|hevc|m4v|mpegvideo|mjpeg|obu|av1|vc1|amr(nb|wb)?)$/;

/**
 * Containers whose length is not written down: ffprobe derives it from the last times that it
 * finds.
 */
const ESTIMATED = /^(mpegts|mpeg|ogg)$/;

/**
 * Containers with an index of all packets, whose times need not agree with the order in the file.
 */
const INDEXED = /mov/;

/** What writers write if they do not know, in ticks. */
const UNKNOWN_TICKS = [0x7fffffff, 0xffffffff];
/**
 * Seconds beyond which a length is only believed if the file is large enough, and the bytes per
 * second required.
 */
const LONG = 60;
const THIN = 100;
/** Seconds between the starts of video and audio beyond which one of them is doubtful. */
const APART = 5;

/**
 * The number of seconds by which a decoded stream may differ from its length and still be whole:
 * max(0.5 s, 2 %).
 */
export function lengthTolerance(duration: number): number {
  return Math.max(0.5, 0.02 * duration);
}

/** Whether the container's lengths were written down by its writer. */
export function statesLengths(container: string): boolean {
  return !ESTIMATED.test(container) && !isHeaderless(container);
}

/**
 * Whether there is no container: a raw stream, in which packets are recognised by their content.
 */
export function isHeaderless(container: string): boolean {
  return HEADERLESS.test(container);
}

/** Seconds of the file's own clock. A stream without a start time starts at 0. */
export function ownStart(stream: ProbedStream): number {
  return stream.start_pts === undefined ? 0 : ticksToSeconds(stream.start_pts, timeBaseOf(stream));
}

/** Seconds per tick. */
export function timeBaseOf(stream: ProbedStream): { numerator: number; denominator: number } {
  return parseRatio(stream.time_base) ?? { numerator: 1, denominator: 1_000_000 };
}

/**
 * The length of a stream according to the headers; undefined if they do not state it, or state what
 * writers write if they do not know. Matroska states it in a tag with the time at which the stream
 * ends; ffprobe's own value can be the whole file's length.
 */
export function claimedLength(report: ProbeReport, stream: ProbedStream): ClaimedLength | undefined {
  if (isHeaderless(report.format?.format_name ?? '')) return undefined;
  const end = parseClockTime(stream.tags?.DURATION);
  if (end !== undefined && end - ownStart(stream) > 0) return { duration: end - ownStart(stream), source: 'stream' };
  const ticks = stream.duration_ts ?? 0;
  if (ticks > 0) {
    if (UNKNOWN_TICKS.includes(ticks)) return undefined;
    return { duration: ticksToSeconds(ticks, timeBaseOf(stream)), source: 'stream' };
  }
  const shared = Number(report.format?.duration);
  return shared > 0 ? { duration: shared, source: 'container' } : undefined;
}

/** Whether the stated lengths of a file's streams contradict each other or its size. */
export function isDoubtful(info: MediaInfo): boolean {
  const streams = [info.video, info.audio].filter((stream) => stream !== undefined);
  const ends = streams.map((stream) => stream.start + stream.duration);
  const starts = streams.map((stream) => stream.start);
  const longest = Math.max(...ends);
  return (
    streams.some(({ late, duration }) => late === true || !(duration > 0)) ||
    isThin(info, longest) ||
    longest - Math.min(...ends) > lengthTolerance(longest) ||
    Math.max(...starts) - Math.min(...starts) > APART
  );
}

/** Whether a file has too few bytes for a length to be credible. */
function isThin(info: MediaInfo, seconds: number): boolean {
  return seconds > Math.max(LONG, info.bytes / THIN);
}

/**
 * Where the timeline of a file ends, seconds from the container's start: see `MediaInfo.duration`.
 */
export function timelineEnd(
  video: Pick<VideoStreamInfo, 'start' | 'duration'> | undefined,
  audio: Pick<AudioStreamInfo, 'start' | 'duration'> | undefined,
): number {
  const seen = video && video.start + video.duration;
  const heard = audio && audio.start + audio.duration;
  if (seen === undefined || heard === undefined) return seen ?? heard ?? 0;
  const later = Math.max(seen, heard);
  return Math.abs(seen - heard) > lengthTolerance(later) ? later : seen;
}

/**
 * The same file with lengths and starts taken from its packets, discontinuities closed up. A stream
 * without packets is left out.
 *
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function measureLengths(path: string, info: MediaInfo, signal?: AbortSignal): Promise<MediaInfo> {
  return withSpans(info, await scanStreams(path, info, signal));
}

/**
 * Reads the packets of the streams that are decoded.
 *
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export function scanStreams(path: string, info: MediaInfo, signal?: AbortSignal): Promise<PacketScan> {
  const streams = [info.video, info.audio].filter((stream) => stream !== undefined);
  // Only an index vouches for times on its own; elsewhere the other stream does, if there is one. A
  // wild time makes the length implausible by itself.
  const vouches = INDEXED.test(info.container) || (streams.length === 1 && statesLengths(info.container));
  const believable = vouches && !isThin(info, Math.max(0, ...streams.map(statedEnd)));
  return scanPackets(path, {
    signal,
    window: { lookAhead: streams.some(({ late }) => late === true), end: info.readableBytes },
    expected: streams.map((stream) => ({
      index: stream.index,
      period: 'averageRate' in stream ? 1 / stream.averageRate : USUAL_PACKET,
      longest: 'averageRate' in stream ? Number.POSITIVE_INFINITY : LONGEST_AUDIO,
      believedUntil: believable ? statedEnd(stream) + info.start : Number.NEGATIVE_INFINITY,
    })),
  });
}

const USUAL_PACKET = 0.02;
/** Maximum length of an audio packet, s; if an index makes it longer, a gap follows it. */
const LONGEST_AUDIO = 10;

/** Time, from the container's start, up to which a stream's times are accepted as they are. */
export function believedUntil(info: MediaInfo, stream: VideoStreamInfo | AudioStreamInfo): number {
  // In a measured file, the length of a gap vouches for it instead.
  if (info.measured || !statesLengths(info.container) || !(stream.duration > 0)) return Number.NEGATIVE_INFINITY;
  return statedEnd(stream);
}

function statedEnd(stream: VideoStreamInfo | AudioStreamInfo): number {
  const duration = stream.statedDuration ?? stream.duration;
  return stream.start + duration + lengthTolerance(duration);
}

function withSpans(info: MediaInfo, scan: PacketScan): MediaInfo {
  const { video, audio, ...rest } = info;
  const leftOut = [...info.leftOut];
  const spanOf = (stream: VideoStreamInfo | AudioStreamInfo | undefined): PacketSpan | undefined => {
    const span = stream && scan.streams.get(stream.index);
    if (stream !== undefined && span === undefined)
      leftOut.push(`${'width' in stream ? 'video' : 'audio'} stream ${stream.index} holds no packets`);
    return span;
  };
  const [seen, heard] = beginTogether(spanOf(video), spanOf(audio));
  const start = Math.min(seen?.start ?? Number.POSITIVE_INFINITY, heard?.start ?? Number.POSITIVE_INFINITY);
  let { statedDuration } = info;
  const measured = <Stream extends VideoStreamInfo | AudioStreamInfo>(stream: Stream, span: PacketSpan): Stream => {
    const period = 'averageRate' in stream ? 1 / stream.averageRate : USUAL_PACKET;
    // A length that includes a wild time was written down, but does not say how much there should
    // be.
    const isStated =
      statesLengths(info.container) &&
      stream.duration > 0 &&
      !(span.breaks > 0 && span.statedSpan >= stream.duration - lengthTolerance(stream.duration));
    if (isStated && stream.durationSource === 'container') statedDuration ??= stream.duration;
    return {
      ...stream,
      start: span.start - start,
      duration: Math.max(span.end - span.start, period),
      durationSource: 'packets',
      statedDuration:
        stream.statedDuration ?? (isStated && stream.durationSource === 'stream' ? stream.duration : undefined),
      longestGap: span.longestGap,
      breaks: span.breaks,
      crawls: span.crawls,
    };
  };
  const pictures = video && seen && measured(video, seen);
  const sound = audio && heard && measured(audio, heard);
  return {
    ...rest,
    start: Number.isFinite(start) ? start : info.start,
    duration: timelineEnd(pictures, sound),
    statedDuration,
    measured: true,
    video: pictures,
    audio: sound,
    leftOut,
  };
}

/**
 * What is wrong with a length that only the container states, in words; undefined if nothing is.
 */
export function wrongLength({ statedDuration: stated, video, audio }: MediaInfo): string | undefined {
  if (stated === undefined) return undefined;
  const ends = [video, audio].map((stream) => (stream === undefined ? 0 : stream.start + stream.duration));
  const last = Math.max(...ends);
  if (Math.abs(last - stated) <= lengthTolerance(stated)) return undefined;
  return `the file claims ${stated.toFixed(2)} s but lasts ${last.toFixed(2)} s`;
}

/** The same file with its audio as long as its samples. */
export function withDecodedAudio(info: MediaInfo, seconds: number): MediaInfo {
  if (info.audio === undefined) return info;
  const audio = { ...info.audio, duration: seconds };
  return { ...info, audio, duration: timelineEnd(info.video, audio) };
}

/**
 * In a stream whose times crawl not even the first can be believed: if it is far from the other
 * stream's, the other stream's is used.
 */
function beginTogether(...spans: readonly (PacketSpan | undefined)[]): (PacketSpan | undefined)[] {
  const steady = spans.find((span) => span !== undefined && !span.crawls);
  return spans.map((span) => {
    if (span === undefined || steady === undefined || !span.crawls || Math.abs(span.start - steady.start) <= APART)
      return span;
    const moved = steady.start - span.start;
    return { ...span, start: steady.start, lastStart: span.lastStart + moved, end: span.end + moved };
  });
}
