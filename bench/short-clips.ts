/**
 * Many short clips compared with the same frames in one file: frames per second of whole
 * extractions, in pairs, with default options. All weights are RANDOM, all clips synthetic (640 x
 * 360, h264).
 *
 *   node dist/bench/short-clips.js [--network squeezenet1_1] [--lengths 1,15] [--frames 1500] [--rounds 3]
 *     [--concurrency N] [--dir .bench]
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from '../src/graphs/extract.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { benchOptions } from './clips.ts';

const execute = promisify(execFile);
const options = benchOptions({
  ...{ network: 'squeezenet1_1', lengths: '1,15', frames: '1500', rounds: '3', concurrency: '', dir: '.bench' },
}) as Record<string, string>;
const { dir = '.bench', network = 'squeezenet1_1' } = options;
const fps = 25;
const frames = Number(options.frames);

/** A folder of clips of the given length each, with the given number of frames in total. */
async function corpus(seconds: number): Promise<string> {
  const folder = join(dir, `short-clips-${seconds}s`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (let first = 0; first < frames; first += seconds * fps) {
    const source = `testsrc2=s=640x360:r=${fps}:d=${seconds},hue=h=${first % 360}`;
    const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
    const args = ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', source, ...encoder];
    await execute(findFfmpeg().path, [...args, join(folder, `${first}.mp4`)]);
  }
  return folder;
}

const concurrency = options.concurrency === '' ? undefined : Number(options.concurrency);

async function rate(folder: string): Promise<number> {
  const out = join(dir, 'short-clips-out');
  rmSync(out, { recursive: true, force: true });
  const summary = await extract({
    ...{ inputs: [folder], out, visual: network, audio: 'none', weights: 'random:1', device: 'cpu' },
    ...{ memory: '2GiB', compact: false, concurrency },
  });
  rmSync(out, { recursive: true, force: true });
  return summary.frames / summary.wallSeconds;
}

mkdirSync(dir, { recursive: true });
const whole = await corpus(frames / fps);
await rate(whole);
for (const seconds of (options.lengths as string).split(',').map(Number)) {
  const folder = await corpus(seconds);
  for (let round = 0; round < Number(options.rounds); round++) {
    const [one, many] = [await rate(whole), await rate(folder)];
    console.log(
      JSON.stringify({
        ...{ network, clipSeconds: seconds, clips: Math.ceil(frames / (seconds * fps)), round },
        ...{
          oneFile: Math.round(one),
          shortClips: Math.round(many),
          ratio: Number((many / one).toFixed(3)),
          concurrency,
        },
        ...{ cores: availableParallelism(), load: loadavg()[0] },
      }),
    );
  }
}
rmSync(join(dir, 'short-clips-out'), { recursive: true, force: true });
process.exit(0);
