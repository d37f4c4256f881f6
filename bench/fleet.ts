/**
 * Fleets of a queue, on a server that it starts (`--server Redis` or `PostgreSQL`):
 *
 *   node dist/bench/fleet.js --what recovery --locks 2,5,10,30,60 --rounds 5
 *   node dist/bench/fleet.js --what workers --clips 24 --seconds 4 --rounds 3
 *
 * `recovery`: seconds from a worker's SIGKILL until another worker commits the item that was in
 * progress, for each lock; the item itself takes no time. `workers`: an extraction by one process,
 * by one queue worker and by two, with one inference worker of one thread each.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../src/core/hash.ts';
import { unitKey } from '../src/graphs/graph.ts';
import { CommitStore } from '../src/io/dataset/commit-store.ts';
import type { ProcessSetting } from '../test/faults/process.ts';
import { QUEUE_SERVERS, type QueueServerName } from '../test/faults/queue-server.ts';
import { description } from '../test/faults/synthetic-graph.ts';
import { benchOptions, makeClip } from './clips.ts';
import { scratchDirectory } from './scratch.ts';

const options = benchOptions({
  ...{ what: 'recovery', server: 'Redis', locks: '2,5,10', rounds: '5', clips: '24', seconds: '4', memory: '1GiB' },
}) as Record<string, string>;
const built = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const directory = scratchDirectory('fleet');
const server = await QUEUE_SERVERS[options.server as QueueServerName].start();
const rounds = Array.from({ length: Number(options.rounds) }, (_, round) => round);
const exitOf = (child: ChildProcess) => new Promise<number | null>((resolve) => void child.on('exit', resolve));

function member(setting: ProcessSetting): { readonly child: ChildProcess; readonly ready: Promise<unknown> } {
  const ffmpeg = join(directory, 'ffmpeg');
  // It is only asked for its version.
  writeFileSync(ffmpeg, '#!/bin/sh\necho ffmpeg version 0\n', { mode: 0o755 });
  const env = { ...process.env, REELFLOW_FFMPEG: ffmpeg };
  const child = fork(built('../test/faults/process.js'), [JSON.stringify(setting)], { env });
  return { child, ready: new Promise((resolve) => void child.once('message', resolve)) };
}

/** One item: the worker that has it is killed while another waits. */
async function recovery(lock: number, round: number): Promise<number> {
  const [inputs, out] = [join(directory, `in-${lock}-${round}`), join(directory, `out-${lock}-${round}`)];
  mkdirSync(inputs);
  writeFileSync(join(inputs, 'item.bin'), 'plain');
  const key = unitKey(description.graphId, 'item', sha256('plain'));
  const setting = { uri: server.uri, inputs, out, lock: 1000 * lock };
  const driver = member({ ...setting, role: 'driver', milliseconds: 0 });
  await driver.ready;
  // It never finishes the item.
  const dying = member({ ...setting, role: 'worker', milliseconds: 3_600_000 });
  await dying.ready;
  const claims = () => (existsClaim(out) ? true : undefined);
  while (claims() === undefined) await sleep(20);
  const other = member({ ...setting, role: 'worker', milliseconds: 0 });
  await other.ready;
  const killed = performance.now();
  dying.child.kill('SIGKILL');
  const store = await CommitStore.open(out, { create: false });
  while (!(await store.has(key))) {
    await sleep(20);
    await store.refresh();
  }
  const seconds = (performance.now() - killed) / 1000;
  await exitOf(driver.child);
  other.child.kill('SIGTERM');
  await exitOf(other.child);
  return seconds;
}

function existsClaim(out: string): boolean {
  try {
    return readdirSync(join(out, '_claims')).some((name) => /^[0-9a-f]{32}$/.test(name));
  } catch {
    return false; // It is yet to be made.
  }
}

/** User and system seconds of the children of this process that have ended. */
function cpuOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** An extraction by a process, or by the given number of queue workers. */
async function extraction(folder: string, workers: number, name: string) {
  const out = join(directory, name);
  const reelflow = (...words: string[]) => {
    const one = ['--memory', options.memory as string, '--device', 'cpu', '--workers', '1', '--threads', '1'];
    const args = [built('../bin/reelflow.js'), ...words, '--out', out, ...one, '--json'];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  };
  const what = ['--visual', 'squeezenet1_1', '--audio', 'none', '--weights', 'random:1'];
  const queue = ['--queue', server.uri];
  const cpu = cpuOfChildren();
  const fleet = Array.from({ length: workers }, () => reelflow('worker', ...queue));
  const driven = reelflow(
    'extract',
    folder,
    ...what,
    '--no-compact',
    ...(workers > 0 ? ['--runner', 'bullmq', ...queue] : []),
  );
  let printed = '';
  driven.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const code = await exitOf(driven);
  for (const worker of fleet) worker.kill('SIGTERM');
  await Promise.all(fleet.map(exitOf));
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const { wallSeconds } = JSON.parse(printed) as { readonly wallSeconds: number };
  return { wallSeconds, cpuSeconds: cpuOfChildren() - cpu };
}

try {
  if (options.what === 'recovery') {
    for (const lock of (options.locks as string).split(',').map(Number)) {
      const seconds: number[] = [];
      for (const round of rounds) seconds.push(await recovery(lock, round));
      seconds.sort((one, other) => one - other);
      const shown = seconds.map((each) => each.toFixed(1)).join(', ');
      console.log(
        `${options.server}, lock ${lock} s: ${shown} s from kill to commit; load ${loadavg()[0]?.toFixed(1)}`,
      );
    }
  } else {
    const folder = join(directory, 'clips');
    mkdirSync(folder);
    const clip = await makeClip(join(directory, 'clip.mp4'), Number(options.seconds));
    for (let at = 0; at < Number(options.clips); at += 1) copyFileSync(clip, join(folder, `clip-${at}.mp4`));
    for (const round of rounds) {
      for (const workers of [0, 1, 2]) {
        const { wallSeconds, cpuSeconds } = await extraction(folder, workers, `w${workers}-${round}`);
        const who = workers === 0 ? 'one process' : `${workers} worker(s)`;
        const times = `${wallSeconds.toFixed(1)} s of running, ${cpuSeconds.toFixed(1)} CPU-s in all`;
        console.log(`${who}: ${times}; ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
      }
    }
  }
} finally {
  await server.end();
}
process.exit();
