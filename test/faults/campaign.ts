import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../src/core/hash.ts';
import { unitKey } from '../../src/graphs/graph.ts';
import { runLocally } from '../../src/graphs/runners/local.ts';
import { queueOfDriver } from '../../src/graphs/runners/queue/queue-file.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import { unitName } from '../../src/io/dataset/unit-files.ts';
import { Video } from '../../src/io/media/video.ts';
import { atDataset } from '../../src/io/objects/at-dataset.ts';
import { openDriverQueue } from '../../src/io/queue/driver-queue.ts';
import { Flow } from '../../src/operators/flow.ts';
import type { ObjectServer } from '../fixtures/object-server.ts';
import type { ProcessSetting } from './process.ts';
import { FLEETS, type FleetName, type FleetServers, type QueueServer, type StoreOfDataset } from './queue-server.ts';
import { description, KILLS_DECODER, KILLS_WORKER, syntheticGraph } from './synthetic-graph.ts';

// A process is run as it was built, also when the campaign itself is run by Vitest.
const built = import.meta.url.endsWith('.ts') ? '../../dist/test/faults/process.js' : './process.js';
const program = fileURLToPath(new URL(built, import.meta.url));
/** Processes that compute: workers of a queue, or shards. */
const WORKERS = 3;
const ITEMS = 40;
/** Milliseconds that an item takes, and that a lock lasts. */
const [WORK, LOCK] = [250, 1500];

/** Milliseconds after which a campaign whose faults are over hangs. */
const HANGS_AFTER = 900_000;

/** How a dataset differs from the one that no fault has met; nothing when it does not. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly other: readonly string[];
}

/** A process of a campaign. */
interface Member {
  readonly child: ChildProcess;
  isReady: boolean;
}

/**
 * A corpus and what computes it, that faults are done to: a queue on a real server, a driver and
 * three workers, or three shards. Whoever dies is started again, as a supervisor would. At its end
 * the dataset is compared with one that a single process made of the inputs as they then are.
 */
export class Campaign {
  /** None of shards. */
  readonly server: QueueServer | undefined;
  /** What the dataset lies in, where it is not a directory. */
  readonly store: StoreOfDataset | undefined;
  readonly #root: string;
  readonly inputs: string;
  /** The folder that the dataset is in, which may be a file system of its own. */
  readonly place: string;
  readonly isMounted: boolean;
  readonly #keys = new Set<string>();
  readonly #workers: Member[] = [];
  #drivers: Member[] = [];
  #isOver = false;
  /** Shards that end are not started again: each has its last run. */
  #isLastRun = false;
  #printed = '';
  #made = 0;

  private constructor({ queue, store }: FleetServers) {
    this.server = queue;
    this.store = store;
    this.#root = mkdtempSync(join(tmpdir(), 'reelflow-faults-'));
    [this.inputs, this.place] = [join(this.#root, 'inputs'), join(this.#root, 'place')];
    mkdirSync(this.inputs);
    mkdirSync(this.place);
    this.isMounted = mounted(this.place);
  }

  static async start(on: FleetName): Promise<Campaign> {
    const campaign = new Campaign(await FLEETS[on].start());
    for (let item = 0; item < ITEMS; item += 1) campaign.write();
    campaign.write(KILLS_DECODER);
    if (campaign.server !== undefined) campaign.#drive();
    for (let at = 0; at < WORKERS; at += 1) campaign.#workers.push(campaign.#startedWorker(at));
    while (!campaign.#workers.every(({ isReady }) => isReady)) await sleep(20);
    return campaign;
  }

  get #out(): string {
    return this.store === undefined ? join(this.place, 'dataset') : 's3://films/dataset';
  }

  /** Writes a new input, or another content of one. */
  write(begins = 'plain', name = `item-${String(this.#made++).padStart(4, '0')}.bin`): string {
    const content = `${begins} ${name} ${Math.random()}`;
    writeFileSync(join(this.inputs, name), content);
    const id = name.replace(/\.bin$/, '');
    this.#keys.add(unitKey(description.graphId, id, sha256(content)));
    return name;
  }

  /** Names of inputs that kill nobody. */
  plainInputs(): string[] {
    const isPlain = (name: string) => readFileSync(join(this.inputs, name), 'utf8').startsWith('plain');
    return readdirSync(this.inputs).filter(isPlain);
  }

  remove(name: string): void {
    rmSync(join(this.inputs, name));
  }

  /** A worker that works. */
  worker(): ChildProcess | undefined {
    const ready = this.#workers.filter(({ isReady }) => isReady);
    return ready[Math.floor(Math.random() * ready.length)]?.child;
  }

  /** A driver that has not ended; one is started where there is none. Shards have none. */
  driver(): ChildProcess | undefined {
    if (this.server === undefined) return undefined;
    if (this.#drivers.length === 0) this.#drive();
    return this.#drivers.find(({ isReady }) => isReady)?.child;
  }

  /** Starts one more driver beside the one that runs; false where there are two already. */
  secondDriver(): boolean {
    if (this.server === undefined || this.#drivers.length > 1) return false;
    this.#drive();
    return true;
  }

  /** Lets everything end, and compares what has come of it. */
  async end(): Promise<Verdict> {
    const limit = new AbortController();
    try {
      const late = sleep(HANGS_AFTER, true, { signal: limit.signal });
      late.catch(() => undefined);
      if (await Promise.race([late, this.server === undefined ? this.#lastRuns() : this.#driven()])) {
        return { lost: [], duplicated: [], other: [`it does not end: ${await this.#standing()}`] };
      }
      this.#isOver = true;
      await Promise.all([...this.#workers].map(({ child }) => ended(child, 'SIGTERM')));
      return await this.#verdict();
    } finally {
      limit.abort();
      await this.abandon();
    }
  }

  /** How the fleet is, for whoever looks for a reason. */
  async #standing(): Promise<string> {
    const claims = this.store === undefined ? readdirSync(join(this.#out, '_claims')) : [];
    const fleet = [...this.#workers, ...this.#drivers].map(({ child, isReady }) => [
      child.pid,
      isReady,
      child.exitCode,
    ]);
    if (this.server === undefined) return JSON.stringify({ claims, fleet });
    const graph = description.graphId;
    const name = (await queueOfDriver(this.#out, graph)) ?? '';
    const ignore = () => undefined;
    const queue = await openDriverQueue(this.server.uri, name, {
      onReport: ignore,
      onRefusal: ignore,
      onError: ignore,
    });
    const [depth, workers] = [await queue.depth(), await queue.workers()];
    await queue.close();
    return JSON.stringify({ depth, workers, claims, fleet });
  }

  /** Whatever the last faults were, each shard sees all inputs once more, and ends. */
  async #lastRuns(): Promise<false> {
    this.#isLastRun = true;
    await Promise.all(this.#workers.map(({ child }) => ending(child)));
    for (let at = 0; at < WORKERS; at += 1) {
      for (let code: number | null = 1; code !== 0 && !this.#isOver; ) {
        const member = this.#startedWorker(at);
        this.#workers[at] = member;
        code = await ending(member.child);
      }
    }
    return false;
  }

  /** Whatever the last faults were, one driver that sees all inputs ends. */
  async #driven(): Promise<false> {
    while (this.#drivers.length > 0) await sleep(20);
    for (let code: number | null = 1; code !== 0 && !this.#isOver; ) {
      const { child } = this.#drive();
      code = await ending(child);
    }
    return false;
  }

  /** Ends everything at once. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#workers, ...this.#drivers].map(({ child }) => ended(child, 'SIGKILL')));
    await this.server?.end();
    await this.store?.objects.stop();
    if (this.isMounted) execFileSync('umount', ['-l', this.place]);
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** What the processes said, for whoever looks for a reason. */
  get printed(): string {
    return this.#printed;
  }

  #drive(): Member {
    const member = this.#started('driver', 0);
    this.#drivers.push(member);
    return member;
  }

  #startedWorker(at: number): Member {
    return this.#started(this.server === undefined ? 'shard' : 'worker', at);
  }

  #started(role: ProcessSetting['role'], index: number): Member {
    const setting: ProcessSetting = {
      ...{ role, uri: this.server?.uri ?? '', inputs: this.inputs, out: this.#out, milliseconds: WORK, lock: LOCK },
      shard: { index, count: WORKERS },
    };
    const child = fork(program, [JSON.stringify(setting)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Working copies of what lies in a store are in a place that can be full.
      env: { ...process.env, ...this.#environment(), REELFLOW_FFMPEG: this.#decoder() },
    });
    const member: Member = { child, isReady: false };
    child.on('message', () => {
      member.isReady = true;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = `${this.#printed}${role} ${child.pid}: ${text}`.slice(-40_000);
      });
    }
    child.on('exit', (code) => {
      if (role === 'driver') {
        this.#drivers = this.#drivers.filter((each) => each !== member);
        // A supervisor starts again what has failed.
        if (code !== 0 && !this.#isOver && this.#drivers.length === 0) this.#drive();
        return;
      }
      const at = this.#workers.indexOf(member);
      if (!this.#isOver && !this.#isLastRun && at !== -1) this.#workers[at] = this.#startedWorker(at);
    });
    return member;
  }

  #environment(): Readonly<Record<string, string>> {
    return this.store === undefined ? {} : { ...this.store.environment, TMPDIR: this.place };
  }

  /** Looks at the dataset in this process, with the environment that the store needs. */
  async #inStore<T>(look: () => Promise<T>): Promise<T> {
    const names = Object.keys(this.store?.environment ?? {});
    const before = names.map((name) => process.env[name]);
    Object.assign(process.env, this.store?.environment);
    try {
      return await look();
    } finally {
      for (const [at, name] of names.entries()) {
        if (before[at] === undefined) delete process.env[name];
        else process.env[name] = before[at];
      }
    }
  }

  /** Only asked for its version. */
  #decoder(): string {
    const path = join(this.#root, 'ffmpeg');
    writeFileSync(path, '#!/bin/sh\necho ffmpeg version 0\n', { mode: 0o755 });
    return path;
  }

  async #verdict(): Promise<Verdict> {
    const reference = join(this.#root, 'reference');
    const harmless = (name: string) => !readFileSync(join(this.inputs, name), 'utf8').startsWith(KILLS_WORKER);
    const names = readdirSync(this.inputs).sort();
    await computeHere(
      reference,
      names.filter(harmless).map((name) => new Video(join(this.inputs, name))),
    );
    const objects = this.store?.objects;
    if (objects !== undefined) objects.fault = () => undefined;
    const expected = await contentsOf(reference);
    const found = await this.#inStore(() =>
      atDataset(this.#out, (directory) =>
        contentsOf(directory, objects && ((key) => objects.objects.get(`dataset/_units/${unitName(key)}`)?.bytes)),
      ),
    );
    for (const name of names.filter((each) => !harmless(each))) expected.letters.set(name.replace('.bin', ''), 'crash');
    const present = new Set(names.map((name) => name.replace('.bin', '')));
    const lost = [...expected.units].filter(([id, bytes]) => found.units.get(id) !== bytes).map(([id]) => id);
    const letters = [...expected.letters].filter(([id, code]) => found.letters.get(id) !== code);
    const extra = [...found.letters].filter(([id, code]) => present.has(id) && expected.letters.get(id) !== code);
    const foreign = found.keys.filter((key) => !this.#keys.has(key));
    const said = (entries: readonly (readonly [string, string])[]) => entries.map((entry) => entry.join(' '));
    const tables: string[] = [];
    if ([...found.units.keys()].every((id) => present.has(id))) {
      const mine = await tableOf(reference);
      const theirs = await this.#inStore(() => tableOf(this.#out, objects));
      if (mine !== theirs) tables.push('the tables differ');
    }
    return {
      lost: [...lost, ...said(letters)],
      duplicated: [...foreign, ...found.twice],
      other: [...said(extra), ...tables],
    };
  }
}

/** A small file system of its own, where that is possible: it can be full, and read-only. */
function mounted(place: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = ending(child);
  child.kill('SIGCONT');
  child.kill(signal);
  await exit;
}

/** Waits for the end of a process. @returns its exit code; null of one that was killed. */
async function ending(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => child.on('exit', resolve));
}

/** What one process makes of the inputs that no fault meets. */
async function computeHere(out: string, videos: readonly Video[]): Promise<void> {
  const dataset = await Dataset.open(out, description);
  await runLocally<Video, null>({
    graph: syntheticGraph(0),
    ...{ items: videos, store: dataset.store, flow: new Flow(1 << 20), services: async () => null, concurrency: 4 },
    fingerprint: (video, signal) => dataset.fingerprint(video.path, signal),
    operators: { before: [], commit: 'commit' },
  });
  await dataset.close();
}

/** The bytes of the current units and the codes of the dead letters, by item. */
async function contentsOf(out: string, bytesOf?: (key: string) => Buffer | undefined) {
  const store = await CommitStore.open(out, { create: false });
  const letters = new Map((await store.letters()).map(({ letter }) => [letter.item, letter.code]));
  const units = new Map<string, string>();
  const twice: string[] = [];
  await store.eachCurrentUnit('throw', ({ key, facts: { itemId } }) => {
    if (units.has(itemId)) twice.push(itemId);
    const bytes = bytesOf === undefined ? readFileSync(store.unitPath(key)) : bytesOf(key);
    units.set(itemId, bytes?.toString('latin1') ?? '');
  });
  return { units, letters, twice, keys: await store.keys() };
}

/** The bytes of the tables. */
async function tableOf(out: string, objects?: ObjectServer): Promise<string> {
  await compact(out, {});
  if (objects !== undefined) {
    return [...objects.contents('dataset')].flatMap(([name, bytes]) => (name.endsWith('.parquet') ? bytes : [])).join();
  }
  const paths = readDatasetFile(out).tables.map(({ path }) => join(out, path));
  return paths.flatMap((path) => readdirSync(path).map((name) => readFileSync(join(path, name), 'latin1'))).join();
}
