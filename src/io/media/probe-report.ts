import type { Ratio } from './media-info.ts';

/**
 * The part of ffprobe's JSON about one stream that is used. Everything may be missing in a damaged
 * file.
 */
export interface ProbedStream {
  readonly index: number;
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly has_b_frames?: number;
  readonly sample_aspect_ratio?: string;
  readonly avg_frame_rate?: string;
  readonly r_frame_rate?: string;
  readonly nb_frames?: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly channel_layout?: string;
  readonly time_base?: string;
  readonly start_pts?: number;
  readonly duration_ts?: number;
  readonly disposition?: { readonly default?: number; readonly attached_pic?: number };
  readonly tags?: Readonly<Record<string, string>>;
  readonly side_data_list?: readonly { readonly rotation?: number; readonly side_data_type?: string }[];
}

/** The part of ffprobe's JSON that is used. */
export interface ProbeReport {
  readonly streams?: readonly ProbedStream[];
  readonly format?: { readonly format_name?: string; readonly duration?: string; readonly probe_score?: number };
}

/** What ffprobe is asked for, so that it does not print whole ICC profiles. */
export const PROBE_ENTRIES = [
  'stream=index,codec_type,codec_name,width,height,pix_fmt,has_b_frames,sample_aspect_ratio,avg_frame_rate,r_frame_rate,nb_frames,sample_rate,channels,channel_layout,time_base,start_pts,duration_ts',
  'stream_disposition=default,attached_pic',
  'stream_tags=DURATION',
  'stream_side_data=rotation,side_data_type',
  'format=format_name,duration,probe_score',
].join(':');

/** Reads `30000/1001` or `2:1`; undefined when a part is 0 or no whole number. */
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
