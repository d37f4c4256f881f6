/**
 * Decodes all files of a folder to nowhere, as many at once as there are cores, with one thread
 * each, and prints how many seconds it took. It is a separate process so that it is small; see
 * devices.ts.
 *
 *   node dist/bench/decoding-floor.js FFMPEG FILTERS FOLDER [sound]
 *
 * With `sound`, the audio of each file is also decoded, by its own process, as in an extraction.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const [ffmpeg = '', filters = '', folder = '', sound] = process.argv.slice(2);
const waiting = readdirSync(folder).map((name) => join(folder, name));

const pictures = ['-map', '0:v:0', '-filter_threads', '1', '-vf', filters, '-fps_mode', 'passthrough'];
const outputs = [[...pictures, '-pix_fmt', 'rgb24', '-f', 'rawvideo']];
if (sound !== undefined) outputs.push(['-map', '0:a:0', '-ac', '1', '-ar', '16000', '-f', 's16le']);

/** Decodes one file after the other. */
async function worker(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const input = ['-v', 'error', '-nostdin', '-threads', '1', '-i', `file:${file}`];
    const runs = outputs.map((output) => {
      const child = spawn(ffmpeg, [...input, ...output, '-y', '/dev/null'], { stdio: 'ignore' });
      return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    });
    await Promise.all(runs);
  }
}

const started = performance.now();
await Promise.all(Array.from({ length: availableParallelism() }, worker));
console.log((performance.now() - started) / 1000);
