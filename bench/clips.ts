import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';

const execute = promisify(execFile);

/** h264 at about 2.5 Mbit/s. */
const encoder = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '2500k'],
  ...['-maxrate', '3500k', '-bufsize', '5000k', '-g', '50'],
];

/** Has ffmpeg make a file, unless it already exists. */
async function makeOnce(path: string, args: readonly string[]): Promise<string> {
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.part.mp4`;
  await execute(findFfmpeg().path, ['-v', 'error', '-nostdin', '-y', ...args, temporary]);
  await rename(temporary, path);
  return path;
}

/**
 * A synthetic 720p clip, h264 at about 2.5 Mbit/s with AAC stereo, made once. Moving test patterns
 * under film-like noise.
 */
export async function makeClip(path: string, seconds: number): Promise<string> {
  const picture = `testsrc2=s=1280x720:r=25:d=${seconds},noise=alls=10:allf=t:all_seed=5,format=yuv420p[v]`;
  const sound = `aevalsrc='0.3*sin(2*PI*(220+40*sin(t))*t)+0.05*random(0)|0.3*sin(2*PI*330*t)':s=44100:d=${seconds}[s]`;
  return makeOnce(path, [
    ...['-filter_complex', `${picture};${sound}`, '-map', '[v]', '-map', '[s]'],
    ...[...encoder, '-c:a', 'aac', '-b:a', '128k', '-t', String(seconds)],
  ]);
}

/**
 * A 720p clip without sound: six seconds of motion under noise, then six of a still slide, and so
 * on. Whether a slide decodes to equal frames depends on the encoder: some keep refining it in
 * every frame.
 */
export async function makeSlides(path: string, seconds: number): Promise<string> {
  const moving = `testsrc2=s=1280x720:r=25:d=${seconds},noise=alls=10:allf=t:all_seed=5[moving]`;
  const slides = `testsrc2=s=1280x720:r=1/12:d=${seconds},fps=25[slides]`;
  const together = `[moving][slides]overlay=enable='gte(mod(t,12),6)':shortest=1,format=yuv420p[v]`;
  return makeOnce(path, [
    ...['-filter_complex', `${moving};${slides};${together}`, '-map', '[v]'],
    ...[...encoder, '-t', String(seconds)],
  ]);
}

/** The clip repeated to a length, streams copied. */
export async function loopClip(path: string, clip: string, seconds: number): Promise<string> {
  const repeated = ['-stream_loop', '-1', '-i', `file:${clip}`];
  return makeOnce(path, [...repeated, '-t', String(seconds), '-c', 'copy']);
}

/** Reads `--name value` pairs of a benchmark. */
export function benchOptions(defaults: Readonly<Record<string, string>>): Record<string, string> {
  const options: Record<string, string> = { ...defaults };
  const argv = process.argv.slice(2);
  for (let index = 0; index < argv.length; index += 2) {
    const name = argv[index]?.replace(/^--/, '') ?? '';
    if (!(name in defaults))
      throw new Error(`unknown option ${argv[index]}; there are: ${Object.keys(defaults).join(', ')}`);
    options[name] = argv[index + 1] ?? '';
  }
  return options;
}
