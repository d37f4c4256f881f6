import type { FrameSampling } from '../../io/media/frames.ts';
import { LOOK_AHEAD_BYTES } from '../../io/media/input-arguments.ts';
import type { MediaInfo } from '../../io/media/media-info.ts';
import { decoderMemory } from '../../io/media/process-memory.ts';
import { divisions } from '../../operators/division.ts';
import { embedKeeps } from '../../operators/embed.ts';
import type { Bytes } from '../../operators/payload.ts';
import { dimensionOf } from '../../operators/statistics.ts';
import { subclipsClaim } from '../../operators/subclips.ts';
import { elementBytes, type Source } from './sources.ts';
import type { Trace, TracedColumn } from './trace.ts';

/** Assumed length of the vectors that a function produces, until the first arrives. */
const GUESSED_DIMENSION = 512;
/** Assumed size of the rows of a table; the actual size is accounted for as they arrive. */
const GUESSED_ROWS = 64 * 1024;

/**
 * Length of the vectors of a column: its network's, or that of the vectors that its functions were
 * `seen` to produce.
 */
function vectorLength(column: TracedColumn, seen: ReadonlyMap<string, number>): number {
  return column.network?.network.dimension ?? seen.get(column.name) ?? GUESSED_DIMENSION;
}

/**
 * Whether a video has what a source decodes. A stream of unknown origin is assumed to exist for
 * every video.
 */
export function has(info: MediaInfo, source: Source | undefined): boolean {
  if (source === undefined) return true;
  return (source.kind === 'pictures' ? info.video : info.audio) !== undefined;
}

/** Bytes of the finished rows of one video, which wait in memory until the unit commits. */
export function resultBytes({ columns }: Trace, info: MediaInfo, seen: ReadonlyMap<string, number>): Bytes {
  let bytes = 0;
  for (const column of columns) {
    if (!has(info, column.source)) continue;
    const subclips = divisions(column.cuts, info.duration).reduce((sum, cut) => sum + cut.subclips, 0);
    const dimension = vectorLength(column, seen);
    for (const statistic of column.statistics) bytes += 4 * dimensionOf(statistic, dimension) * subclips;
  }
  return bytes;
}

/**
 * The most that one video's operators keep until its unit commits, the most that the video can hold
 * including one element of each source, and the memory of its decoders.
 */
export function boundsOf(
  trace: Trace,
  info: MediaInfo,
  seen: ReadonlyMap<string, number>,
): { readonly kept: Bytes; readonly claim: Bytes; readonly decoders: Bytes } {
  const { duration } = info;
  let kept = resultBytes(trace, info, seen);
  let [elements, decoders] = [0, 0];
  for (const column of trace.columns) {
    if (!has(info, column.source)) continue;
    const { cuts, statistics } = column;
    kept += subclipsClaim({
      duration,
      dimension: vectorLength(column, seen),
      ...cuts,
      statistics,
      ...ratesOf(column.source, info),
    });
  }
  for (const { source } of trace.tables) if (has(info, source)) kept += GUESSED_ROWS;
  for (const { network, repeatedFrames, source } of trace.networks) {
    if (has(info, source)) kept += embedKeeps(network.dimension, repeatedFrames);
  }
  for (const { source, elements: count } of trace.held) {
    if (has(info, source)) elements += count * elementBytes(source);
  }
  for (const source of trace.sources) {
    if (!has(info, source)) continue;
    elements += elementBytes(source);
    decoders += decoderOf(source, info);
  }
  return { kept: Math.ceil(kept), claim: Math.ceil(kept + elements), decoders };
}

/** The memory of a source's decoder. */
function decoderOf({ kind }: Source, { video, audio, bytes }: MediaInfo): Bytes {
  const filePixels = (video?.width ?? 0) * (video?.height ?? 0);
  const isLate = (kind === 'pictures' ? video : audio)?.late === true;
  const lookAhead = isLate ? Math.min(LOOK_AHEAD_BYTES, bytes) : 0;
  const pixels = kind === 'pictures' ? filePixels : 0;
  return decoderMemory({ pixels, audio: kind === 'sound', filePixels, lookAhead, video });
}

/**
 * The least memory that the decoders of a video take. If nothing could be probed, a video with
 * sound is assumed.
 */
export function minDecoders({ sources }: Trace): Bytes {
  const sounds = sources.filter(({ kind }) => kind === 'sound').length;
  return sounds * decoderMemory({ pixels: 0, audio: true });
}

/**
 * Rows per second of a stream, on average and where they are densest, and how far the centre of a
 * row lies behind its time.
 */
function ratesOf(source: Source | undefined, { video }: MediaInfo) {
  if (source?.kind === 'sound') {
    const hopSeconds = source.hopSamples / source.sampleRate;
    return { rate: 1 / hopSeconds, lead: hopSeconds / 2 };
  }
  if (video === undefined) return { rate: 1 };
  const sampling = source?.fps ?? 'native';
  return {
    rate: framesPerSecond(sampling, video),
    peakRate: framesPerSecond(sampling, { ...video, averageRate: video.peakRate }),
  };
}

/** About how many frames will be decoded. */
export function framesOf({ sources }: Trace, { video, duration }: MediaInfo): number {
  const pictures = sources.find(({ kind }) => kind === 'pictures');
  if (video === undefined || pictures?.kind !== 'pictures') return 0;
  return Math.round(framesPerSecond(pictures.fps, video) * duration);
}

/** Codecs in which every frame is a key frame. */
const ALL_KEYS =
  /^(mjpe?gb?|prores|dnxhd|dvvideo|rawvideo|v210|ffv1|huffyuv|ffvhuff|utvideo|cfhd|jpeg2000|png|qtrle|gif|vc2|dirac|hap|magicyuv)$/;
/**
 * Maximum key frames per second in other codecs, except for streams that consist only of key
 * frames.
 */
const KEYS_PER_SECOND = 2;

/**
 * About how many frames a sampling takes per second of a stream; for key frames, the maximum in all
 * but odd streams.
 */
export function framesPerSecond(
  sampling: FrameSampling,
  stream: { readonly averageRate: number; readonly codec: string },
): number {
  if (typeof sampling === 'number') return sampling;
  if (typeof sampling === 'object') return stream.averageRate / sampling.every;
  if (sampling === 'native' || ALL_KEYS.test(stream.codec)) return stream.averageRate;
  return Math.min(stream.averageRate, KEYS_PER_SECOND);
}
