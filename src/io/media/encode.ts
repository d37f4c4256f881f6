import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { checkInteger, checkPositive, checkString, shown } from '../../core/check.ts';
import { FlowError, MediaError, SystemError, UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { DecoderLog } from './decoder-log.ts';
import { findFfmpeg } from './ffmpeg.ts';

/** A clip to encode. */
export interface ClipDescription {
  /**
   * File to write, replacing an existing one; its extension chooses the container (`.mp4`, `.mkv`).
   */
  readonly path: string;
  /** Pixels per row, even. */
  readonly width: number;
  /** Rows, even. */
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
  /** Pictures of `width * height * 3` bytes RGB, row by row. */
  readonly frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Audio: one channel or a pair, in [-1, 1]. */
  readonly audio?:
    | {
        readonly sampleRate: number;
        readonly samples: Float32Array | readonly [Float32Array, Float32Array];
      }
    | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Any H.264 encoder, else the one that every ffmpeg has. */
const VIDEO_ENCODERS: readonly { readonly name: string; readonly options: readonly string[] }[] = [
  { name: 'libx264', options: ['-preset', 'veryfast', '-crf', '20'] },
  { name: 'libopenh264', options: ['-b:v', '2M'] },
  { name: 'mpeg4', options: ['-q:v', '3'] },
];

/**
 * Encodes generated pictures and audio: H.264 (MPEG-4 if ffmpeg lacks it) and AAC. Pictures are
 * pulled no faster than ffmpeg consumes them.
 *
 * @throws UsageError for a picture of the wrong size or an invalid option; MediaError `unsupported`
 * if ffmpeg fails; SystemError `decoder-missing`; FlowError `aborted`; whatever `frames` throws.
 * @example
 * const redPicture = Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => (at % 3 === 0 ? 255 : 0));
 * await encodeClip({ path: 'red.mp4', width: 64, height: 48, fps: 25, frames: Array(50).fill(redPicture) });
 */
export async function encodeClip(clip: ClipDescription): Promise<void> {
  check(clip);
  const sound = clip.audio && interleaved(clip.audio.samples);
  const channels = clip.audio !== undefined && !(clip.audio.samples instanceof Float32Array) ? 2 : 1;
  const encoder = videoEncoder();
  const child = spawn(
    findFfmpeg().path,
    [
      ...['-v', 'level+error', '-nostdin', '-y'],
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        'rgb24',
        '-video_size',
        `${clip.width}x${clip.height}`,
        '-framerate',
        String(clip.fps),
        '-i',
        'pipe:0',
      ],
      ...(clip.audio
        ? ['-f', 'f32le', '-ar', String(clip.audio.sampleRate), '-ac', String(channels), '-i', 'pipe:3']
        : []),
      ...['-map', '0:v', ...(clip.audio ? ['-map', '1:a', '-c:a', 'aac'] : [])],
      ...['-c:v', encoder.name, ...encoder.options, '-pix_fmt', 'yuv420p', '-bf', '2', '-threads', '2'],
      ...(/\.(mp4|mov|m4v)$/i.test(clip.path) ? ['-movflags', '+faststart'] : []),
      `file:${resolve(clip.path)}`,
    ],
    { stdio: ['pipe', 'ignore', 'pipe', 'pipe'], windowsHide: true },
  );
  const log = new DecoderLog();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => log.write(text));
  const closed = new Promise<number | null>((done, failed) => {
    child.once('error', (cause) =>
      failed(new SystemError('decoder-missing', `ffmpeg could not be started: ${wordsOf(cause)}`, { cause })),
    );
    child.once('close', (code) => {
      log.end();
      done(code);
    });
  });
  const abort = (): void => void child.kill('SIGKILL');
  clip.signal?.addEventListener('abort', abort, { once: true });
  if (clip.signal?.aborted) abort();
  const pictures = checkedPictures(clip);
  const writing = Promise.all([
    writeAll(child.stdio[0] as Writable, pictures),
    writeAll(child.stdio[3] as Writable, sound === undefined ? [] : [sound]),
  ]).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const [written, exit] = await Promise.allSettled([writing, closed]);
  clip.signal?.removeEventListener('abort', abort);
  if (clip.signal?.aborted)
    throw new FlowError('aborted', `encoding '${clip.path}' was aborted`, { cause: clip.signal.reason });
  if (written.status === 'rejected') throw written.reason;
  if (exit.status === 'rejected') throw exit.reason;
  if (exit.value !== 0) {
    throw new MediaError('unsupported', `ffmpeg could not encode '${clip.path}'`, { decoderLines: log.lines });
  }
}

let chosenEncoder: { readonly path: string; readonly encoder: (typeof VIDEO_ENCODERS)[number] } | undefined;

function videoEncoder(): (typeof VIDEO_ENCODERS)[number] {
  const { path } = findFfmpeg();
  if (chosenEncoder?.path === path) return chosenEncoder.encoder;
  const listed = spawnSync(path, ['-v', 'error', '-encoders'], {
    encoding: 'utf8',
    timeout: 20_000,
    windowsHide: true,
  }).stdout;
  const encoder = VIDEO_ENCODERS.find(({ name }) => new RegExp(`^ V\\S+ ${name} `, 'm').test(listed));
  if (encoder === undefined) throw new MediaError('unsupported', `'${path}' has no known video encoder`);
  chosenEncoder = { path, encoder };
  return encoder;
}

async function* checkedPictures(clip: ClipDescription): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = clip.width * clip.height * 3;
  for await (const picture of clip.frames) {
    if (!(picture instanceof Uint8Array) || picture.byteLength !== bytes) {
      const came = picture instanceof Uint8Array ? `one of ${picture.byteLength}` : shown(picture);
      throw new UsageError(`\`frames\` must give Uint8Arrays of ${bytes} bytes, but gave ${came}`);
    }
    yield picture;
  }
}

/**
 * Writes one after another, as the pipe has room; stops early, without an error, if the reader is
 * gone.
 */
async function writeAll(pipe: Writable, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  let gone = false;
  let wake: (() => void) | undefined;
  const leave = (): void => {
    gone = true;
    wake?.();
  };
  pipe.on('error', leave).on('close', leave);
  pipe.on('drain', () => wake?.());
  for await (const part of parts) {
    if (gone) return;
    if (pipe.write(part)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (gone) resolve();
    });
  }
  pipe.end();
}

function interleaved(samples: Float32Array | readonly [Float32Array, Float32Array]): Uint8Array {
  if (samples instanceof Float32Array) return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const [left, right] = samples;
  const both = new Float32Array(left.length * 2);
  for (let index = 0; index < left.length; index++) {
    both[2 * index] = left[index] ?? 0;
    both[2 * index + 1] = right[index] ?? 0;
  }
  return new Uint8Array(both.buffer);
}

function check(clip: ClipDescription): void {
  checkString('path', clip.path);
  for (const side of ['width', 'height'] as const) {
    checkInteger(side, clip[side], 2, 8192);
    if (clip[side] % 2 !== 0) throw new UsageError(`\`${side}\` must be even, but is ${clip[side]}`);
  }
  checkPositive('fps', clip.fps);
  if (clip.audio === undefined) return;
  checkInteger('audio.sampleRate', clip.audio.sampleRate, 1000, 384_000);
  const { samples } = clip.audio;
  const pair =
    Array.isArray(samples) && samples.length === 2 && samples.every((channel) => channel instanceof Float32Array);
  if (!(samples instanceof Float32Array) && !(pair && samples[0].length === samples[1].length)) {
    throw new UsageError(
      `\`audio.samples\` must be a Float32Array or a pair of equally long ones, but is ${shown(samples)}`,
    );
  }
}
