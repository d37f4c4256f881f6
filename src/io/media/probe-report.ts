import type { Ratio } from './media-info.ts';

/**
 * The part of ffprobe's JSON about one stream that is used. Anything may be missing for a damaged
 * file.
 */
export interface ProbedStream {
  readonly index: number;
  readonly codec_type?: string | undefined;
  readonly codec_name?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly pix_fmt?: string | undefined;
  readonly has_b_frames?: number | undefined;
  readonly sample_aspect_ratio?: string | undefined;
  readonly avg_frame_rate?: string | undefined;
  readonly r_frame_rate?: string | undefined;
  readonly nb_frames?: string | undefined;
  readonly sample_rate?: string | undefined;
  readonly channels?: number | undefined;
  readonly channel_layout?: string | undefined;
  readonly time_base?: string | undefined;
  readonly start_pts?: number | undefined;
  readonly duration_ts?: number | undefined;
  readonly disposition?:
    | { readonly default?: number | undefined; readonly attached_pic?: number | undefined }
    | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly side_data_list?:
    | readonly { readonly rotation?: number | undefined; readonly side_data_type?: string | undefined }[]
    | undefined;
}

/** The part of ffprobe's JSON that is used. */
export interface ProbeReport {
  readonly streams?: readonly ProbedStream[] | undefined;
  readonly format?:
    | {
        readonly format_name?: string | undefined;
        readonly duration?: string | undefined;
        readonly probe_score?: number | undefined;
      }
    | undefined;
}

/** The entries requested from ffprobe, so that it does not print whole ICC profiles. */
export const PROBE_ENTRIES = [
  'stream=index,codec_type,codec_name,width,height,pix_fmt,has_b_frames,sample_aspect_ratio,avg_frame_rate,r_frame_rate,nb_frames,sample_rate,channels,channel_layout,time_base,start_pts,duration_ts',
  'stream_disposition=default,attached_pic',
  'stream_tags=DURATION',
  'stream_side_data=rotation,side_data_type',
  'format=format_name,duration,probe_score',
].join(':');

/** Reads `30000/1001` or `2:1`; undefined if a part is 0 or not a whole number. */
export function parseRatio(text: string | undefined): Ratio | undefined {
  const match = /^(\d+)[/:](\d+)$/.exec(text ?? '');
  const numerator = Number(match?.[1]);
  const denominator = Number(match?.[2]);
  return numerator > 0 && denominator > 0 ? { numerator, denominator } : undefined;
}

/** Exact up to one rounding: whole ticks times the time base. */
export function ticksToSeconds(ticks: number, timeBase: Ratio): number {
  return (ticks * timeBase.numerator) / timeBase.denominator;
}

/**
 * Seconds of the `00:01:02.500000000` that Matroska files carry as a tag per stream; undefined for
 * anything else.
 */
export function parseClockTime(text: string | undefined): number | undefined {
  const match = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text ?? '');
  if (match === null) return undefined;
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}
