/**
 * Decodes all files of a folder to nowhere, as many at once as there are cores, one thread each,
 * and prints how many seconds it took. A process of its own, so that it is small; see devices.ts.
 *
 *   node dist/bench/decoding-floor.js FFMPEG FILTERS FOLDER
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const [ffmpeg = '', filters = '', folder = ''] = process.argv.slice(2);
const waiting = readdirSync(folder).map((name) => join(folder, name));

/** Decodes one file after the other. */
async function worker(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const input = ['-v', 'error', '-nostdin', '-threads', '1', '-i', `file:${file}`, '-map', '0:v:0'];
    const pixels = ['-filter_threads', '1', '-vf', filters, '-fps_mode', 'passthrough', '-pix_fmt', 'rgb24'];
    const child = spawn(ffmpeg, [...input, ...pixels, '-f', 'rawvideo', '-y', '/dev/null'], { stdio: 'ignore' });
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  }
}

const started = performance.now();
await Promise.all(Array.from({ length: availableParallelism() }, worker));
console.log((performance.now() - started) / 1000);
