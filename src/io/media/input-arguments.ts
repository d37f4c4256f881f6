import { resolve } from 'node:path';

/**
 * The containers and raw streams that may be opened. Anything that makes a decoder read *other*
 * files or devices (concat scripts, HLS and DASH playlists, image sequences, filter graphs) is left
 * out on purpose, as are still images.
 */
const DEMUXERS = [
  ...[
    'mov',
    'matroska',
    'avi',
    'flv',
    'live_flv',
    'mpegts',
    'mpeg',
    'mpegvideo',
    'asf',
    'ogg',
    'mxf',
    'nut',
    'rm',
    'dv',
    'wtv',
    'gif',
  ],
  ...['ivf', 'h264', 'hevc', 'm4v', 'obu', 'av1', 'vc1', 'mjpeg', 'yuv4mpegpipe'],
  ...[
    'wav',
    'w64',
    'aiff',
    'au',
    'caf',
    'mp3',
    'aac',
    'ac3',
    'eac3',
    'dts',
    'truehd',
    'flac',
    'amr',
    'amrnb',
    'amrwb',
    'ape',
    'wv',
    'tta',
    'voc',
  ],
].join(',');

/** Default limit on the size of a decoded picture, in pixels: 8192 x 8192. */
export const MAXIMUM_PIXELS = 8192 * 8192;

/**
 * Largest single block of memory that ffmpeg and ffprobe may ask for: enough for a 16-bit 4:4:4
 * picture of 8192 x 8192.
 */
const MAXIMUM_ALLOCATION = 512 * 1024 * 1024;

/** Which part of a file is read, and how far its streams are searched for. */
export interface InputWindow {
  /** Looks further than usual for the parameters of streams that begin late. */
  readonly lookAhead?: boolean | undefined;
  /** Bytes from the start that can be read; what follows is cut off. */
  readonly end?: number | undefined;
}

/** Bytes searched for streams that begin late. What is read meanwhile stays in memory. */
export const LOOK_AHEAD_BYTES = 64 * 1024 * 1024;
/** And microseconds. */
const LOOK_AHEAD = ['-analyzeduration', '300000000', '-probesize', String(LOOK_AHEAD_BYTES)];

/**
 * Arguments before `-i`, for both ffmpeg and ffprobe, that confine a hostile file.
 *
 * `file:` and an absolute path: a leading dash, colon or percent sign in a file name has no special
 * meaning.
 */
export function guardedInput(path: string, maximumPixels: number, window: InputWindow = {}): string[] {
  const file = `file:${resolve(path)}`;
  const { lookAhead = false, end } = window;
  return [
    ...['-max_alloc', String(MAXIMUM_ALLOCATION)],
    ...['-protocol_whitelist', end === undefined ? 'file,pipe' : 'file,pipe,subfile'],
    ...['-format_whitelist', DEMUXERS, '-max_pixels', String(maximumPixels)],
    ...(lookAhead ? LOOK_AHEAD : []),
    ...['-i', end === undefined ? file : `subfile,,start,0,end,${end},,:${file}`],
  ];
}
