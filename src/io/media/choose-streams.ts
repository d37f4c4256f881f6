import { type ProbedStream, parseRatio } from './probe-report.ts';

/** The streams of a file to decode, and why the others are left out. */
export interface ChosenStreams {
  readonly video: ProbedStream | undefined;
  readonly audio: ProbedStream | undefined;
  /** Audio and video streams that cannot be used, with the reason. */
  readonly leftOut: readonly string[];
  /** Streams that are declared but whose decoding parameters were not found. */
  readonly undescribed: readonly ProbedStream[];
}

/**
 * The video and the audio stream marked as default, else the first of each. Cover art does not
 * count as video.
 */
export function chooseStreams(streams: readonly ProbedStream[]): ChosenStreams {
  const leftOut: string[] = [];
  const undescribed: ProbedStream[] = [];
  const usable = streams.filter((stream) => {
    if (stream.codec_type !== 'video' && stream.codec_type !== 'audio') return false;
    if (stream.disposition?.attached_pic === 1) {
      leftOut.push(`stream ${stream.index} is cover art`);
      return false;
    }
    if (isDescribed(stream)) return true;
    const what = stream.codec_type === 'video' ? 'size' : 'sample rate';
    leftOut.push(
      hasCodec(stream)
        ? `${stream.codec_type} stream ${stream.index} states no ${what}`
        : `${stream.codec_type} stream ${stream.index} has a codec that this ffprobe does not know`,
    );
    undescribed.push(stream);
    return false;
  });
  return { video: preferred(usable, 'video'), audio: preferred(usable, 'audio'), leftOut, undescribed };
}

/** Whether a stream names a codec that is known. */
export function hasCodec(stream: ProbedStream): boolean {
  return stream.codec_name !== undefined && !/^(unknown|none)$/.test(stream.codec_name);
}

function isDescribed(stream: ProbedStream): boolean {
  if (!hasCodec(stream) || parseRatio(stream.time_base) === undefined) return false;
  return stream.codec_type === 'video'
    ? (stream.width ?? 0) * (stream.height ?? 0) > 0
    : Number(stream.sample_rate) > 0 && (stream.channels ?? 0) > 0;
}

function preferred(usable: readonly ProbedStream[], type: 'video' | 'audio'): ProbedStream | undefined {
  const ofType = usable.filter((stream) => stream.codec_type === type);
  return ofType.find((stream) => stream.disposition?.default === 1) ?? ofType[0];
}
