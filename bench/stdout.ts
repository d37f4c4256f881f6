// The delay from a unit's commit to a reader seeing its record batch, with the real program and a
// separate reader:
//   node dist/bench/stdout.js [--clips 8] [--seconds 6] [--subclips 10] [--directory .bench]
// The commit is the moment at which the record batch is written to stdout. The floor is the pipe
// alone: until the batch's last byte is in the reader's process; the rest is the cost of decoding
// Arrow. Random weights: this measures timing, not features.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchOptions, makeClip } from './clips.ts';

const options = benchOptions({ clips: '8', seconds: '6', subclips: '10', directory: '.bench' });
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const directory = join(options.directory ?? '', 'stdout');
mkdirSync(directory, { recursive: true });
const seconds = Number(options.seconds);
const clip = await makeClip(join(options.directory ?? '', `stdout-${seconds}.mp4`), seconds);
const inputs = Array.from({ length: Number(options.clips) }, (_, index) => join(directory, `clip-${index}.mp4`));
for (const input of inputs) {
  await unlink(input).catch(() => {});
  await link(clip, input);
}

const clockFile = join(directory, 'clock.json');
const reader = spawn(process.execPath, [program('./stdout-reader.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
let printed = '';
reader.stdout.setEncoding('utf8').on('data', (text: string) => {
  printed += text;
});
const read = new Promise((resolve) => reader.on('close', resolve));
// The reader's stdin is the program's stdout, with nothing between them.
const extraction = spawn(
  process.execPath,
  [
    ...['--import', program('./stdout-clock.js'), program('../bin/reelflow.js'), 'extract', ...inputs],
    ...['--format', 'arrow', '--out', '-', '--progress', 'none', '--subclips', options.subclips ?? ''],
  ],
  { stdio: ['ignore', reader.stdin, 'inherit'], env: { ...process.env, STDOUT_CLOCK: clockFile } },
);
reader.stdin.destroy();
const ended = await new Promise<number | null>((resolve) => extraction.on('exit', resolve));
const over = Number(process.hrtime.bigint()) / 1e6;
await read;
if (ended !== 0) throw new Error(`reelflow ended with ${ended}`);
const { arrivals, batches } = JSON.parse(printed) as {
  arrivals: [number, number][];
  batches: number[];
};
const messages = JSON.parse(readFileSync(clockFile, 'utf8')) as [time: number, bytes: number][];

// The first message is the schema, the last the end of the stream.
const units = messages.slice(1, -1);
let sent = messages[0]?.[1] ?? 0;
const piped = units.map(([time, bytes]) => {
  sent += bytes;
  const arrival = arrivals.find(([, received]) => received >= sent);
  return (arrival?.[0] ?? Number.NaN) - time;
});
const seen = units.map(([time], index) => (batches[index] ?? Number.NaN) - time);
const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const shown = (values: readonly number[]) => ({
  p50: +middle(values).toFixed(2),
  max: +Math.max(...values).toFixed(2),
});
console.log(
  JSON.stringify({
    units: units.length,
    batchKiB: +((units[0]?.[1] ?? 0) / 1024).toFixed(1),
    commitToReaderMs: shown(seen),
    pipeAloneMs: shown(piped),
    ratioToPipe: +(middle(seen) / middle(piped)).toFixed(2),
    firstBatchBeforeEndSeconds: +((over - (batches[0] ?? Number.NaN)) / 1000).toFixed(1),
  }),
);
