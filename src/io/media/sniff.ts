import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { MediaError } from '../../errors.ts';

/** File name extensions that are taken for audio or video. */
export const MEDIA_EXTENSIONS: readonly string[] = [
  ...[
    'mp4',
    'm4v',
    'mov',
    'mkv',
    'webm',
    'avi',
    'flv',
    'f4v',
    'ts',
    'mts',
    'm2ts',
    'mpg',
    'mpeg',
    'vob',
    'wmv',
    'asf',
    'ogv',
    'mxf',
  ],
  ...['3gp', '3g2', 'divx', 'rm', 'rmvb', 'dv', 'nut', 'wtv', 'ivf', 'y4m', 'h264', 'hevc'],
  ...[
    'mp3',
    'm4a',
    'm4b',
    'aac',
    'ac3',
    'eac3',
    'flac',
    'ogg',
    'oga',
    'opus',
    'wav',
    'w64',
    'aiff',
    'aif',
    'caf',
    'wma',
    'amr',
    'mka',
    'dts',
  ],
];

const SNIFFED_BYTES = 4096;

/** The first bytes of a file and its size. */
export interface FileHead {
  readonly bytes: number;
  readonly head: Uint8Array;
}

/**
 * Opens a file and reads its first 4,096 bytes.
 *
 * @throws MediaError `unreadable` when it is missing, forbidden or no regular file; `empty` when it has no byte.
 */
export async function readHead(path: string): Promise<FileHead> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Looked at before it is opened: opening a named pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw new MediaError('unreadable', `'${path}' is not a regular file`);
    handle = await open(path, 'r');
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw new MediaError(
      'unreadable',
      `'${path}' cannot be opened: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) throw new MediaError('empty', `'${path}' has zero bytes`);
    const head = new Uint8Array(Math.min(SNIFFED_BYTES, size));
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return { bytes: size, head: head.subarray(0, bytesRead) };
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw new MediaError('unreadable', `'${path}' cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  } finally {
    await handle.close();
  }
}

/**
 * Why a file that no demuxer opened is no good. Mostly printable text is `not-media`, whatever its name (so playlists
 * and concat scripts too). Else `corrupt` when its first bytes are those of a known container or its extension is one
 * of `MEDIA_EXTENSIONS`; else `not-media`.
 */
export function whyUnrecognised(path: string, head: Uint8Array): 'not-media' | 'corrupt' {
  if (isMostlyText(head)) return 'not-media';
  return hasContainerMagic(head) || MEDIA_EXTENSIONS.includes(extname(path).slice(1).toLowerCase())
    ? 'corrupt'
    : 'not-media';
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
  if (/^(RIFF|OggS|FLV|ID3|fLaC)|^....(ftyp|moov|mdat|free|wide|skip)/s.test(text)) return true;
  return head[0] === 0x47 && head[188] === 0x47;
}
