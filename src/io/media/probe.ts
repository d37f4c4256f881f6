import { MediaError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { readableEnd } from './boxes.ts';
import { type ChosenStreams, chooseStreams, hasCodec } from './choose-streams.ts';
import { encryptionOf } from './encryption.ts';
import { findFfprobe } from './ffmpeg.ts';
import { isHeadersOnly } from './headers-only.ts';
import { guardedInput, type InputWindow, MAXIMUM_PIXELS } from './input-arguments.ts';
import { keptPictures } from './kept-pictures.ts';
import { claimedLength, isDoubtful, measureLengths, ownStart, timeBaseOf, timelineEnd } from './lengths.ts';
import type { AudioStreamInfo, MediaInfo, VideoStreamInfo } from './media-info.ts';
import { PROBE_ENTRIES, type ProbedStream, type ProbeReport, parseRatio } from './probe-report.ts';
import { runTool, type ToolRun } from './run-tool.ts';
import { readHead, whyUnrecognised } from './sniff.ts';
import { statedSize, withReadAt } from './stated-size.ts';

/** How `probe` examines a file. */
export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds within which the headers must be read. Default 30,000. */
  readonly timeout?: number | undefined;
  /** Larger frames are refused as `unsupported`. Default 8192 x 8192. */
  readonly maximumPixels?: number | undefined;
}

/** A score at which a demuxer has recognised next to nothing, as mp3 does in random bytes. */
const MIN_PROBE_SCORE = 5;

const known: KnownOptions<ProbeOptions> = { signal: true, timeout: true, maximumPixels: true };

/**
 * Reads a file's headers: container, streams, durations, rotation, pixel shape. Decodes at most a
 * few frames.
 *
 * Chooses the video and the audio stream marked as default, else the first of each that is not
 * cover art. Lengths are what the headers state, as long as nothing contradicts them. If they state
 * none, if they contradict each other or the size of the file, and in raw streams, every packet is
 * read and the lengths are those of the packets; no length or rate is ever 0. A declared stream
 * without parameters is searched for further on in the file.
 *
 * @throws MediaError `unreadable`, `empty` (no byte, or headers without media), `not-media`,
 * `corrupt`, `unsupported` (see `whyUnrecognised`; encrypted; an unknown codec; frames that are too
 * large), `no-streams` if there is neither audio nor video, `timeout`; SystemError
 * `decoder-missing`; FlowError `aborted`.
 */
export async function probe(path: string, options: ProbeOptions = {}): Promise<MediaInfo> {
  checkKnownOptions('probe', options, known);
  const { signal, timeout = 30_000, maximumPixels = MAXIMUM_PIXELS } = options;
  const { bytes, head } = await readHead(path);
  const look = async (window: InputWindow): Promise<Look> => {
    const run = await runTool(
      findFfprobe().path,
      'ffprobe',
      [
        '-v',
        'level+error',
        '-show_entries',
        PROBE_ENTRIES,
        '-of',
        'json',
        ...guardedInput(path, maximumPixels, window),
      ],
      { timeout, signal, describe: `looking at '${path}'` },
    );
    return { report: parseReport(run.code, run.stdout), run };
  };
  let { report, run } = await look({});
  let readableBytes: number | undefined;
  if (!isRecognised(report)) {
    readableBytes = await withReadAt(path, (readAt) => readableEnd(bytes, readAt));
    if (readableBytes !== undefined) ({ report, run } = await look({ end: readableBytes }));
  }
  if (run.log.counts.unsupported > 0) {
    const message = `'${path}' has frames of more than ${maximumPixels} pixels, or a codec that this ffprobe does not know`;
    throw new MediaError('unsupported', message, { decoderLines: run.log.lines });
  }
  if (!isRecognised(report)) throw await unrecognised(path, bytes, head, run);
  let chosen = chooseStreams(report.streams ?? []);
  let late: readonly number[] = [];
  if (chosen.undescribed.length > 0) {
    const further = await look({ lookAhead: true, end: readableBytes });
    if (isRecognised(further.report)) {
      const before = chosen.undescribed.map(({ index }) => index);
      report = further.report;
      chosen = chooseStreams(report.streams ?? []);
      late = before.filter((index) => index === chosen.video?.index || index === chosen.audio?.index);
    }
  }
  const lines = { decoderLines: run.log.lines };
  if (run.log.counts.damage > 0 || chosen.undescribed.length > 0 || hasEncryptionData(report)) {
    const encryption = await encryptionOf(path, bytes);
    if (encryption !== undefined) throw new MediaError('unsupported', `'${path}' is encrypted (${encryption})`, lines);
  }
  if (chosen.video === undefined && chosen.audio === undefined) {
    const code = chosen.undescribed.some((stream) => !hasCodec(stream))
      ? 'unsupported'
      : chosen.undescribed.length > 0
        ? 'corrupt'
        : 'no-streams';
    const why = chosen.leftOut.length === 0 ? '' : ` (${chosen.leftOut.join('; ')})`;
    throw new MediaError(code, `'${path}' has no usable audio or video stream${why}`, lines);
  }
  const pixels = (chosen.video?.width ?? 0) * (chosen.video?.height ?? 0);
  if (pixels > maximumPixels) {
    throw new MediaError(
      'unsupported',
      `'${path}' has frames of ${chosen.video?.width} x ${chosen.video?.height} pixels, more than ${maximumPixels}`,
    );
  }
  const cut = await cutOf(path, bytes, head, readableBytes);
  const window = { lookAhead: late.length > 0, end: readableBytes };
  const kept = chosen.video && (await keptPictures(path, chosen.video, { timeout, window, signal }));
  const claimed = describe(bytes, report, chosen, { late, kept }, { cut, readableBytes });
  const info = isDoubtful(claimed) ? await measureLengths(path, claimed, signal) : claimed;
  if (info.video === undefined && info.audio === undefined) {
    throw new MediaError('empty', `'${path}' has headers, but holds no media`, lines);
  }
  return info;
}

interface Look {
  readonly report: ProbeReport | undefined;
  readonly run: ToolRun;
}

function parseReport(code: number | null, stdout: string): ProbeReport | undefined {
  if (code !== 0) return undefined;
  return JSON.parse(stdout) as ProbeReport;
}

function isRecognised(report: ProbeReport | undefined): report is ProbeReport {
  return report?.format !== undefined && (report.format.probe_score ?? 0) >= MIN_PROBE_SCORE;
}

function hasEncryptionData(report: ProbeReport): boolean {
  return (report.streams ?? []).some(({ side_data_list: data = [] }) =>
    data.some(({ side_data_type: type = '' }) => /^Encryption/.test(type)),
  );
}

async function unrecognised(path: string, bytes: number, head: Uint8Array, run: ToolRun): Promise<MediaError> {
  if (await withReadAt(path, (readAt) => isHeadersOnly(bytes, readAt)))
    return new MediaError('empty', `'${path}' has headers, but holds no media`, { decoderLines: run.log.lines });
  const { code, what, remedy } = whyUnrecognised(path, head, run.log.lines);
  const encryption = code === 'corrupt' ? await encryptionOf(path, bytes) : undefined;
  const decoderLines = run.log.lines;
  if (encryption !== undefined)
    return new MediaError('unsupported', `'${path}' is encrypted (${encryption})`, { decoderLines });
  const crash = run.signal === null ? '' : ` (ffprobe was ended by ${run.signal})`;
  return new MediaError(code, `'${path}' ${what}${crash}`, { decoderLines, remedy });
}

/** How a file ends before its own structure does, in words. */
async function cutOf(
  path: string,
  bytes: number,
  head: Uint8Array,
  readableBytes: number | undefined,
): Promise<string | undefined> {
  if (readableBytes !== undefined) return 'it ends inside the index of a fragment';
  const stated = await withReadAt(path, (readAt) => statedSize(head, bytes, readAt));
  if (stated === undefined || stated <= bytes + PADDING) return undefined;
  return stated === Number.POSITIVE_INFINITY
    ? 'it ends without its trailer'
    : `its header claims ${stated} bytes, but it has ${bytes}`;
}

/** The padding byte of the last chunk is often left out. */
const PADDING = 1;

function describe(
  bytes: number,
  report: ProbeReport,
  chosen: ChosenStreams,
  { late, kept }: { readonly late: readonly number[]; readonly kept: number | undefined },
  ends: Pick<MediaInfo, 'cut' | 'readableBytes'>,
): MediaInfo {
  const present = [chosen.video, chosen.audio].filter((stream) => stream !== undefined);
  const start = Math.min(...present.map(ownStart));
  const common = (stream: ProbedStream) => {
    const length = claimedLength(report, stream);
    return {
      index: stream.index,
      codec: stream.codec_name ?? 'unknown',
      start: ownStart(stream) - start,
      duration: length?.duration ?? 0,
      durationSource: length?.source ?? ('packets' as const),
      late: late.includes(stream.index) || undefined,
    };
  };
  const video = chosen.video && { ...common(chosen.video), ...describeVideo(chosen.video), keptPictures: kept };
  const audio = chosen.audio && { ...common(chosen.audio), ...describeAudio(chosen.audio) };
  const codecs = new Map<number, string>();
  for (const stream of report.streams ?? []) {
    if (stream.codec_name !== undefined && /^(audio|video)$/.test(stream.codec_type ?? ''))
      codecs.set(stream.index, stream.codec_name);
  }
  return {
    ...{
      container: report.format?.format_name ?? '',
      bytes,
      start,
      duration: timelineEnd(video, audio),
      measured: false,
    },
    video,
    audio,
    ...{ codecs, leftOut: chosen.leftOut, ...ends },
  };
}

type Described = 'index' | 'codec' | 'start' | 'duration' | 'durationSource';

function describeVideo(stream: ProbedStream): Omit<VideoStreamInfo, Described> {
  const width = stream.width ?? 0;
  const height = stream.height ?? 0;
  const shape = parseRatio(stream.sample_aspect_ratio);
  const pixelAspect = shape === undefined ? 1 : shape.numerator / shape.denominator;
  const turned = stream.side_data_list?.find((data) => typeof data.rotation === 'number')?.rotation ?? 0;
  const rotation = Math.abs(turned) > 360 ? 0 : (((Math.round(-turned / 90) * 90) % 360) + 360) % 360;
  const shownWidth = Math.max(1, Math.round(width * pixelAspect));
  const nominal = parseRatio(stream.r_frame_rate);
  const average = parseRatio(stream.avg_frame_rate) ?? nominal ?? { numerator: 25, denominator: 1 };
  const averageRate = average.numerator / average.denominator;
  const frameCount = Number(stream.nb_frames);
  return {
    ...{ width, height, rotation, pixelAspect },
    pixelFormat: stream.pix_fmt ?? 'unknown',
    displayWidth: rotation % 180 === 0 ? shownWidth : height,
    displayHeight: rotation % 180 === 0 ? height : shownWidth,
    averageRate,
    peakRate: Math.max(averageRate, nominal === undefined ? 0 : nominal.numerator / nominal.denominator),
    frameCount: Number.isSafeInteger(frameCount) && frameCount > 0 ? frameCount : undefined,
    timeBase: timeBaseOf(stream),
  };
}

function describeAudio(stream: ProbedStream): Omit<AudioStreamInfo, Described> {
  const layout = stream.channel_layout;
  return {
    sampleRate: Number(stream.sample_rate),
    channels: stream.channels ?? 0,
    channelLayout: layout === undefined || layout === 'unknown' ? undefined : layout,
  };
}
