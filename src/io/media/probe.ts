import { MediaError } from '../../errors.ts';
import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, MAXIMUM_PIXELS } from './input-arguments.ts';
import type { AudioStreamInfo, DurationSource, MediaInfo, Ratio, VideoStreamInfo } from './media-info.ts';
import { scanPackets } from './packets.ts';
import {
  PROBE_ENTRIES,
  type ProbedStream,
  type ProbeReport,
  parseClockTime,
  parseRatio,
  ticksToSeconds,
} from './probe-report.ts';
import { runTool } from './run-tool.ts';
import { readHead, whyUnrecognised } from './sniff.ts';

/** How `probe` looks at a file. */
export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the headers must have been read. Default 30,000. */
  readonly timeout?: number;
  /** Larger pictures are refused as `unsupported`. Default 8192 x 8192. */
  readonly maximumPixels?: number;
}

/** Raw streams without a header: a length that ffprobe states for them is guessed from the bit rate. */
const HEADERLESS = /^(mp3|aac|ac3|eac3|dts|truehd|h264|hevc|m4v|mpegvideo|mjpeg|obu|av1|vc1|amr(nb|wb)?)$/;

/** A demuxer that recognised next to nothing, as mp3 does in random bytes. */
const LEAST_PROBE_SCORE = 5;

/**
 * Looks at a file's headers: container, streams, durations, rotation, pixel shape. Decodes at most a few frames.
 *
 * The video stream is the first that is no cover art; the audio stream the one marked as default, else the first.
 * A stream without a stated duration gets it from its tag, its container, or its packets, in this order; headerless
 * streams (raw aac, mp3 without an index) always from their packets.
 *
 * @throws MediaError `unreadable`, `empty`, `not-media`, `corrupt` (see `whyUnrecognised`), `no-streams` when there is
 * neither audio nor video, `unsupported` when the picture is too large, `timeout`, `decoder-missing`; FlowError `aborted`.
 */
export async function probe(path: string, options: ProbeOptions = {}): Promise<MediaInfo> {
  const { signal, timeout = 30_000, maximumPixels = MAXIMUM_PIXELS } = options;
  const { bytes, head } = await readHead(path);
  const run = await runTool(
    findFfprobe().path,
    'ffprobe',
    ['-v', 'level+error', '-show_entries', PROBE_ENTRIES, '-of', 'json', ...guardedInput(path, maximumPixels)],
    { timeout, signal, describe: `looking at '${path}'` },
  );
  const report = parseReport(run.code, run.stdout);
  if (run.log.counts.unsupported > 0) {
    const message = `'${path}' has pictures of more than ${maximumPixels} pixels, or a codec that this ffprobe does not know`;
    throw new MediaError('unsupported', message, { decoderLines: run.log.lines });
  }
  if (report?.format === undefined || (report.format.probe_score ?? 0) < LEAST_PROBE_SCORE) {
    const code = whyUnrecognised(path, head);
    const what =
      code === 'corrupt' ? 'cannot be opened: its headers are damaged or missing' : 'is not an audio or video file';
    const crash = run.signal === null ? '' : ` (ffprobe was ended by ${run.signal})`;
    throw new MediaError(code, `'${path}' ${what}${crash}`, { decoderLines: run.log.lines });
  }
  const chosen = chooseStreams(report.streams ?? []);
  if (chosen.video === undefined && chosen.audio === undefined) {
    const code = chosen.unusable ? 'corrupt' : 'no-streams';
    const why = chosen.leftOut.length === 0 ? '' : ` (${chosen.leftOut.join('; ')})`;
    throw new MediaError(code, `'${path}' has no usable audio or video stream${why}`, { decoderLines: run.log.lines });
  }
  const pixels = (chosen.video?.width ?? 0) * (chosen.video?.height ?? 0);
  if (pixels > maximumPixels) {
    throw new MediaError(
      'unsupported',
      `'${path}' has pictures of ${chosen.video?.width} x ${chosen.video?.height} pixels, more than ${maximumPixels}`,
    );
  }
  return describe(path, bytes, report, chosen, signal);
}

interface ChosenStreams {
  readonly video: ProbedStream | undefined;
  readonly audio: ProbedStream | undefined;
  readonly leftOut: readonly string[];
  readonly unusable: boolean;
}

function parseReport(code: number | null, stdout: string): ProbeReport | undefined {
  if (code !== 0) return undefined;
  return JSON.parse(stdout) as ProbeReport;
}

function chooseStreams(streams: readonly ProbedStream[]): ChosenStreams {
  const leftOut: string[] = [];
  let unusable = false;
  const usable = streams.filter((stream) => {
    if (stream.codec_type !== 'video' && stream.codec_type !== 'audio') return false;
    if (stream.disposition?.attached_pic === 1) {
      leftOut.push(`stream ${stream.index} is cover art`);
      return false;
    }
    const described =
      stream.codec_type === 'video'
        ? (stream.width ?? 0) * (stream.height ?? 0) > 0
        : Number(stream.sample_rate) > 0 && (stream.channels ?? 0) > 0;
    if (described && parseRatio(stream.time_base) !== undefined) return true;
    leftOut.push(
      `${stream.codec_type} stream ${stream.index} states no ${stream.codec_type === 'video' ? 'size' : 'sample rate'}`,
    );
    unusable = true;
    return false;
  });
  const sounds = usable.filter((stream) => stream.codec_type === 'audio');
  return {
    video: usable.find((stream) => stream.codec_type === 'video'),
    audio: sounds.find((stream) => stream.disposition?.default === 1) ?? sounds[0],
    leftOut,
    unusable,
  };
}

async function describe(
  path: string,
  bytes: number,
  report: ProbeReport,
  chosen: ChosenStreams,
  signal?: AbortSignal,
): Promise<MediaInfo> {
  const container = report.format?.format_name ?? '';
  const present = [chosen.video, chosen.audio].filter((stream) => stream !== undefined);
  const start = Math.min(...present.map(ownStart));
  const lengths = new Map<ProbedStream, { duration: number; source: DurationSource }>();
  for (const stream of present) lengths.set(stream, await streamLength(path, container, report, stream, signal));
  const video = chosen.video && { ...describeVideo(chosen.video, start), ...named(lengths.get(chosen.video)) };
  const audio = chosen.audio && { ...describeAudio(chosen.audio, start), ...named(lengths.get(chosen.audio)) };
  const codecs = new Map<number, string>();
  for (const stream of report.streams ?? []) {
    if (stream.codec_name !== undefined && /^(audio|video)$/.test(stream.codec_type ?? ''))
      codecs.set(stream.index, stream.codec_name);
  }
  return {
    ...{ container, bytes, start, duration: (video ?? audio)?.duration ?? 0 },
    ...(video && { video }),
    ...(audio && { audio }),
    ...{ codecs, leftOut: chosen.leftOut },
  };
}

function named(length: { duration: number; source: DurationSource } | undefined): {
  duration: number;
  durationSource: DurationSource;
} {
  return { duration: length?.duration ?? 0, durationSource: length?.source ?? 'packets' };
}

function timeBaseOf(stream: ProbedStream): Ratio {
  return parseRatio(stream.time_base) ?? { numerator: 1, denominator: 1_000_000 };
}

/** Seconds of the file's own clock. A stream that does not say starts at 0. */
function ownStart(stream: ProbedStream): number {
  return stream.start_pts === undefined ? 0 : ticksToSeconds(stream.start_pts, timeBaseOf(stream));
}

async function streamLength(
  path: string,
  container: string,
  report: ProbeReport,
  stream: ProbedStream,
  signal: AbortSignal | undefined,
): Promise<{ duration: number; source: DurationSource }> {
  if (!HEADERLESS.test(container)) {
    if (stream.duration_ts !== undefined && stream.duration_ts > 0) {
      return { duration: ticksToSeconds(stream.duration_ts, timeBaseOf(stream)), source: 'stream' };
    }
    // Matroska's tag is the time at which the stream ends.
    const end = parseClockTime(stream.tags?.DURATION);
    if (end !== undefined && end - ownStart(stream) > 0) return { duration: end - ownStart(stream), source: 'stream' };
    const shared = Number(report.format?.duration);
    if (shared > 0) return { duration: shared, source: 'container' };
  }
  const span = (await scanPackets(path, signal)).streams.get(stream.index);
  return { duration: span === undefined ? 0 : span.end - span.start, source: 'packets' };
}

function describeVideo(
  stream: ProbedStream,
  containerStart: number,
): Omit<VideoStreamInfo, 'duration' | 'durationSource'> {
  const width = stream.width ?? 0;
  const height = stream.height ?? 0;
  const shape = parseRatio(stream.sample_aspect_ratio);
  const pixelAspect = shape === undefined ? 1 : shape.numerator / shape.denominator;
  const turned = stream.side_data_list?.find((data) => typeof data.rotation === 'number')?.rotation ?? 0;
  const rotation = (((Math.round(-turned / 90) * 90) % 360) + 360) % 360;
  const shownWidth = Math.max(1, Math.round(width * pixelAspect));
  const rate = parseRatio(stream.avg_frame_rate) ??
    parseRatio(stream.r_frame_rate) ?? { numerator: 25, denominator: 1 };
  const frameCount = Number(stream.nb_frames);
  return {
    ...{ index: stream.index, codec: stream.codec_name ?? 'unknown', width, height, rotation, pixelAspect },
    pixelFormat: stream.pix_fmt ?? 'unknown',
    displayWidth: rotation % 180 === 0 ? shownWidth : height,
    displayHeight: rotation % 180 === 0 ? height : shownWidth,
    averageRate: rate.numerator / rate.denominator,
    frameCount: Number.isSafeInteger(frameCount) && frameCount > 0 ? frameCount : undefined,
    timeBase: timeBaseOf(stream),
    start: ownStart(stream) - containerStart,
  };
}

function describeAudio(
  stream: ProbedStream,
  containerStart: number,
): Omit<AudioStreamInfo, 'duration' | 'durationSource'> {
  return {
    ...{ index: stream.index, codec: stream.codec_name ?? 'unknown' },
    ...{
      sampleRate: Number(stream.sample_rate),
      channels: stream.channels ?? 0,
      start: ownStart(stream) - containerStart,
    },
  };
}
