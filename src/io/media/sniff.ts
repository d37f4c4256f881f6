import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { MediaError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';

/**
 * By container: video, video of cameras and broadcasters, raw video streams, audio, raw audio
 * streams.
 */
const EXTENSIONS = [
  'mp4 m4v mov qt m4p mj2 mkv mk3d webm avi divx flv f4v f4p ogv ogm ogx asf wmv 3gp 3gpp 3g2 3gpp2 rm rmvb nut ivf y4m gif',
  'ts mts m2ts m2t m2s trp tp mpg mpeg mpe mpv vob evo mxf dv dif wtv ismv cmfv m4s',
  'h264 264 avc h265 265 hevc hvc m1v m2v mpeg4 mjpg mjpeg obu av1 vc1',
  'mp3 m4a m4b m4r f4a mka weba ogg oga opus spx wav wave bwf rf64 w64 aiff aif aifc caf wma ra flac ape wv tta au snd voc isma cmfa',
  'mp1 mp2 mpa m2a aac adts ac3 eac3 ec3 dts thd truehd amr awb',
].flatMap((group) => group.split(' '));

/**
 * File name extensions accepted as audio or video: those of every container and raw stream that can
 * be opened.
 */
export const MEDIA_EXTENSIONS: readonly string[] = EXTENSIONS;

const KNOWN = new Set(EXTENSIONS);

/** Whether a name has one of `MEDIA_EXTENSIONS`. */
export function hasMediaExtension(path: string): boolean {
  return KNOWN.has(extname(path).slice(1).toLowerCase());
}

const SNIFFED_BYTES = 4096;

/** The first bytes of a file and its size. */
export interface FileHead {
  readonly bytes: number;
  readonly head: Uint8Array;
}

/**
 * Opens a file and reads its first 4,096 bytes.
 *
 * @throws MediaError `unreadable` if it is missing, forbidden or not a regular file; `empty` if it
 * has zero bytes.
 */
export async function readHead(path: string): Promise<FileHead> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Checked before it is opened: opening a named pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw new MediaError('unreadable', `'${path}' is not a regular file`);
    handle = await open(path, 'r');
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw new MediaError('unreadable', `'${path}' cannot be opened: ${wordsOf(cause)}`, { cause });
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) throw new MediaError('empty', `'${path}' has zero bytes`);
    const head = new Uint8Array(Math.min(SNIFFED_BYTES, size));
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return { bytes: size, head: head.subarray(0, bytesRead) };
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw new MediaError('unreadable', `'${path}' cannot be read: ${wordsOf(cause)}`, {
      cause,
    });
  } finally {
    await handle.close();
  }
}

/** Why a file that no demuxer opened is invalid. */
export interface Unrecognised {
  readonly code: 'not-media' | 'corrupt' | 'unsupported';
  /** What it is, phrased to follow its name. */
  readonly what: string;
  readonly remedy?: string | undefined;
}

/** Demuxers of still images, whose files are not media here. */
const STILL_PICTURES = /_pipe$|^image2|^ico$|^webp/;

/**
 * Why a file that no demuxer opened is invalid. Mostly printable text is `not-media`, whatever its
 * name (including playlists and concat scripts), and so are still images. `unsupported` if its
 * container is not on the list of those that may be opened, or it is a segment of a fragmented MP4
 * or WebM, which cannot be read without its beginning. Else `corrupt` if it begins like a known
 * container or its extension is one of `MEDIA_EXTENSIONS`; else `not-media`.
 *
 * @param lines - what ffprobe printed.
 */
export function whyUnrecognised(path: string, head: Uint8Array, lines: readonly string[] = []): Unrecognised {
  const notMedia = { code: 'not-media', what: 'is not an audio or video file' } as const;
  if (isMostlyText(head)) return notMedia;
  const refused = lines.map((line) => /^\[([^\]@]+?)\] .*Format not on whitelist/.exec(line)?.[1]).find(Boolean);
  if (refused !== undefined && STILL_PICTURES.test(refused)) return { ...notMedia, what: 'is a still image' };
  if (refused !== undefined) {
    return {
      code: 'unsupported',
      what: `is in a container format that is not supported (${refused})`,
      remedy: 'Convert it with ffmpeg, for instance to Matroska or WAV.',
    };
  }
  if (isLoneSegment(head)) {
    return {
      code: 'unsupported',
      what: 'is a media segment without its initialisation segment, which says how to decode it',
      remedy: 'Join them: `cat init.mp4 segment.m4s > whole.mp4`.',
    };
  }
  return hasContainerMagic(head) || hasMediaExtension(path)
    ? { code: 'corrupt', what: 'cannot be opened: its headers are damaged or missing' }
    : notMedia;
}

/** A piece of a fragmented MP4 (`styp`, `sidx`, `moof` first) or of a WebM (a Cluster first). */
function isLoneSegment(head: Uint8Array): boolean {
  const type = Buffer.from(head.subarray(4, 8)).toString('latin1');
  if (/^(moof|sidx)$/.test(type)) return true;
  if (type === 'styp') return !Buffer.from(head).includes('moov', 8, 'latin1');
  return [0x1f, 0x43, 0xb6, 0x75].every((byte, index) => head[index] === byte);
}

/** No NUL, and at least 95 % of the characters, read as UTF-8, printable or white space. */
export function isMostlyText(head: Uint8Array): boolean {
  if (head.includes(0)) return false;
  let odd = 0;
  const text = new TextDecoder('utf-8').decode(head);
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isSpace = code === 9 || code === 10 || code === 13;
    if ((code < 32 && !isSpace) || code === 127 || code === 0xfffd) odd += 1;
  }
  return odd <= 0.05 * text.length;
}

/** First bytes of Matroska, MPEG program stream and video, ASF. */
const MAGIC_BYTES = [
  [0x1a, 0x45, 0xdf, 0xa3],
  [0x00, 0x00, 0x01, 0xba],
  [0x00, 0x00, 0x01, 0xb3],
  [0x30, 0x26, 0xb2, 0x75],
];

function hasContainerMagic(head: Uint8Array): boolean {
  if (MAGIC_BYTES.some((magic) => magic.every((byte, index) => head[index] === byte))) return true;
  const text = Buffer.from(head.subarray(0, 8)).toString('latin1');
  if (/^(RIFF|OggS|FLV|ID3|fLaC)|^....(ftyp|styp|moov|moof|mdat|free|wide|skip)/s.test(text)) return true;
  return head[0] === 0x47 && head[188] === 0x47;
}
