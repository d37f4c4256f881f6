import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MediaError, SystemError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { DecoderLog } from './decoder-log.ts';
import { findFfmpeg, toolEnvironment } from './ffmpeg.ts';

/** The boundary between two JPEG files: this sequence never occurs inside a file. */
const BETWEEN = Buffer.from([0xff, 0xd9, 0xff, 0xd8]);

/**
 * Encodes pictures of the same size as JPEG files, with a single ffmpeg.
 *
 * @param pictures - `width * height * 3` bytes of RGB each, row by row.
 * @throws MediaError `unsupported` if ffmpeg fails; SystemError `decoder-missing`.
 * @example
 * const redPicture = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at % 3 === 0 ? 255 : 0));
 * const [red] = await encodePictures([redPicture], 64, 64);
 */
export async function encodePictures(
  pictures: readonly Uint8Array[],
  width: number,
  height: number,
): Promise<Uint8Array[]> {
  if (pictures.length === 0) return [];
  const child = spawn(
    findFfmpeg().path,
    [
      ...['-v', 'level+error', '-nostdin', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${width}x${height}`],
      ...['-framerate', '1', '-i', 'pipe:0', '-f', 'image2pipe', '-c:v', 'mjpeg', '-q:v', '4'],
      ...['-pix_fmt', 'yuvj420p', '-threads', '1', 'pipe:1'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true, env: toolEnvironment() },
  );
  const log = new DecoderLog();
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.write(text));
  const started = new Promise<never>((_, failed) => {
    child.once('error', (cause) =>
      failed(new SystemError('decoder-missing', `ffmpeg could not be started: ${wordsOf(cause)}`, { cause })),
    );
  });
  const [fed, read] = await Promise.race([
    Promise.allSettled([pipeline(Readable.from(pictures), child.stdin), child.stdout.toArray()]),
    started,
  ]);
  log.end();
  const files = read.status === 'fulfilled' ? filesIn(Buffer.concat(read.value)) : [];
  if (files.length === pictures.length) return files;
  throw new MediaError('unsupported', `ffmpeg encoded ${files.length} of ${pictures.length} pictures`, {
    decoderLines: log.lines,
    cause: fed.status === 'rejected' ? fed.reason : undefined,
  });
}

function filesIn(bytes: Buffer): Uint8Array[] {
  const files: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(BETWEEN, from);
    const to = end < 0 ? bytes.length : end + 2;
    files.push(bytes.subarray(from, to));
    from = to;
  }
  return files;
}
