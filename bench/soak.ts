/**
 * Whether a long run stays stable: memory (proportional set sizes of the process and its decoders,
 * from outside), descriptors and processes by quarters of the run, and what is left behind at its
 * end. Exits with 1 if the last quarter has more than 1.05 times the memory of the second, or
 * anything is left.
 *
 *   node dist/bench/soak.js --clips 1000     short videos with the least memory that is taken
 *   node dist/bench/soak.js --items 100000   items of some bytes that take no time, in a process
 *     that collects its garbage near `--memory` (default 160MiB), as an extraction does
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTemporary } from '../src/core/atomic-file.ts';
import { RunItems } from '../src/graphs/run-items.ts';
import { RunTally } from '../src/graphs/run-tally.ts';
import { runLocally } from '../src/graphs/runners/local.ts';
import { Dataset } from '../src/io/dataset/dataset.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { MemorySampler, processTreeMemory } from '../src/io/media/process-memory.ts';
import { Video } from '../src/io/media/video.ts';
import { parseBytes } from '../src/operators/budget.ts';
import { Flow } from '../src/operators/flow.ts';
import { description, syntheticGraph } from '../test/faults/synthetic-graph.ts';
import { benchOptions } from './clips.ts';

const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));

/** The state of a process at one moment. */
interface Moment {
  readonly bytes: number;
  readonly descriptors: number;
  readonly processes: number;
}

/**
 * The process that computes items that take no time: all of `extract` but plan, networks and
 * tables. Like `extract`, it collects its garbage when it comes near a limit.
 */
async function computeItems(folder: string, out: string, limit: number): Promise<void> {
  const sampler = new MemorySampler();
  sampler.hold(limit);
  sampler.start();
  const dataset = await Dataset.open(out, description);
  const corpus = readdirSync(folder).map((name) => new Video(join(folder, name), { source: folder }));
  const noted = new RunItems(await dataset.store.items(), corpus, { places: [folder], filesOf: new Set() });
  const tally = new RunTally(corpus.length);
  await noted.begin();
  await runLocally<Video, null>({
    graph: syntheticGraph(0),
    ...{ items: corpus, store: dataset.store, flow: new Flow(1 << 20), services: async () => null, concurrency: 4 },
    fingerprint: (video, signal) => dataset.fingerprint(video.path, signal),
    knownFingerprint: (video) => dataset.knownFingerprint(video.path),
    operators: { before: [], commit: 'commit' },
    onEvent: (event) => {
      tally.add(event);
      noted.take(event);
    },
  });
  await noted.end();
  await dataset.close();
  sampler.stop();
}

/** Eight clips of half a second with sound, copied under as many names as needed. */
function makeClips(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  const made = Array.from({ length: 8 }, (_, index) => join(folder, `source-${index}.mp4`));
  for (const [index, path] of made.entries()) {
    const picture = `testsrc2=s=320x180:r=25:d=0.5,hue=h=${45 * index}`;
    const sound = `sine=f=${220 + 40 * index}:d=0.5`;
    const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
    execFileSync(findFfmpeg().path, ['-v', 'error', '-nostdin', '-y', ...inputs, '-pix_fmt', 'yuv420p', path]);
  }
  for (let at = 0; at < count; at += 1) {
    copyFileSync(made[at % made.length] as string, join(folder, `clip-${String(at).padStart(6, '0')}.mp4`));
  }
  for (const path of made) rmSync(path);
}

/** The smallest memory limit that an extraction accepts, as named in its refusal. */
function leastMemory(args: readonly string[]): string {
  try {
    execFileSync(process.execPath, [program, ...args, '--memory', '64MiB'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = String((error as { stderr?: Buffer | undefined }).stderr);
    const [, least] = /--memory (\d+MiB)/.exec(said) ?? [];
    if (least !== undefined) return least;
    throw new Error(said);
  }
  return '64MiB';
}

function momentOf(pid: number): Moment | undefined {
  try {
    const { bytes, processes } = processTreeMemory(pid);
    return bytes === 0 ? undefined : { bytes, processes, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined; // It has ended.
  }
}

/** Runs a process and samples it five times per second. */
async function watched(args: readonly string[], scratch: string) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TMPDIR: scratch },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const pid = child.pid as number;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const moments: Moment[] = [];
  const watch = setInterval(() => {
    const moment = momentOf(pid);
    if (moment !== undefined) moments.push(moment);
  }, 200);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the process ended with ${code}: ${said}`);
  return moments;
}

const MiB = 2 ** 20;
const most = (values: readonly number[]) => values.reduce((high, value) => Math.max(high, value), 0);

/** Names of temporary files below a directory. */
function temporaryFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
    isTemporary(path.split('/').at(-1) ?? ''),
  );
}

async function report(directory: string): Promise<boolean> {
  const [folder, out, scratch] = [join(directory, 'inputs'), join(directory, 'features'), join(directory, 'tmp')];
  mkdirSync(scratch);
  const clips = Number(options.clips);
  let args: string[];
  if (clips > 0) {
    makeClips(folder, clips);
    const extraction = ['extract', folder, '--out', out, '--visual', options.network as string, '--audio', 'none'];
    const how = ['--weights', 'random:1', '--subclips', '2', '--device', 'cpu'];
    const memory = leastMemory([...extraction, ...how]);
    console.log(`${clips} clips of half a second, --memory ${memory}`);
    args = [program, ...extraction, ...how, '--memory', memory];
  } else {
    mkdirSync(folder);
    for (let at = 0; at < Number(options.items); at += 1) writeFileSync(join(folder, `item-${at}.bin`), `plain ${at}`);
    console.log(`${options.items} items of some bytes, --memory ${options.memory}`);
    args = [fileURLToPath(import.meta.url), '--compute', folder, '--out', out, '--memory', options.memory as string];
  }
  const moments = await watched(args, scratch);
  // Starting up is not part of the run.
  const begun = moments.slice(Math.floor(moments.length / 20));
  const quarters = [0, 1, 2, 3].map((at) =>
    begun.slice(Math.floor((at * begun.length) / 4), Math.floor(((at + 1) * begun.length) / 4)),
  );
  const line = (name: string, of: (moment: Moment) => number, unit = 1) =>
    console.log(`${name}: ${quarters.map((each) => (most(each.map(of)) / unit).toFixed(0)).join(', ')}`);
  line('memory by quarters at most, MiB', ({ bytes }) => bytes, MiB);
  line('descriptors by quarters at most', ({ descriptors }) => descriptors);
  line('processes by quarters at most', ({ processes }) => processes);
  const [, second = [], , last = []] = quarters.map((each) => each.map(({ bytes }) => bytes));
  const growth = most(last) / most(second);
  const left = [...readdirSync(scratch), ...temporaryFiles(out), ...temporaryFiles(folder)];
  const children = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((each) => each.includes(directory));
  console.log(`last quarter / second: ${growth.toFixed(3)}; ${moments.length} looks; load ${loadavg()[0]?.toFixed(1)}`);
  console.log(`left: ${left.length} temporary files (${left.join(', ')}), ${children.length} processes`);
  return growth <= 1.05 && left.length === 0 && children.length === 0;
}

const options = benchOptions({
  ...{ clips: '0', items: '100000', memory: '160MiB', network: 'squeezenet1_1', compute: '', out: '' },
});
if (options.compute === '') {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-soak-'));
  try {
    process.exitCode = (await report(directory)) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
} else {
  const [folder, out] = [options.compute as string, options.out as string];
  await computeItems(folder, out, parseBytes(options.memory as string));
}
