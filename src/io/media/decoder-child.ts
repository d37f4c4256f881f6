import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SystemError } from '../../core/errors.ts';
import { isShared, letGo, MemoryLink, sharedMemory } from '../../core/shared-memory.ts';
import { systemFault } from '../../core/system-fault.ts';
import { availableCores } from './container-limits.ts';
import type { DecoderEvent, DecoderRequest } from './decoder-messages.ts';

/** How a decoder process ended. */
export interface DecoderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Text that a process writes, as it arrives: `data` with a string, then `end`. */
export class TextOutput extends EventEmitter<{ data: [text: string]; end: [] }> {}

const running = new Set<number>();

/** Process ids of the running decoders. */
export function runningDecoders(): Iterable<number> {
  return running;
}

/** In MiB. The thread holds no large JavaScript objects, and a small heap is collected sooner. */
const heapLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Number of concurrent probes of a corpus, before there is a plan; each is a process. */
export const PROBES_AT_A_TIME = 4;

/**
 * Number of threads that start programs and read their output: at most one for every four cores,
 * and none without a program.
 *
 * @param programs - number of programs that run at a time.
 */
export function decoderThreads(cores: number, programs = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.ceil(cores / 4), Math.max(PROBES_AT_A_TIME, programs));
}

/**
 * A decoder in one of the threads that start decoders and read their output. The media go into
 * shared memory without passing through this thread; log lines arrive as text.
 */
export class DecoderChild {
  static #made = 0;

  /** What it prints on its standard error. */
  readonly errors = new TextOutput();
  /** What it prints on descriptor 3. */
  readonly times = new TextOutput();
  /** Resolves when it has ended or been killed, and everything it printed has arrived. */
  readonly exit: Promise<DecoderExit>;
  readonly #id: number;
  readonly #thread: DecoderThread;
  readonly #started: Promise<number>;
  #onStarted: { resolve(pid: number): void; reject(error: unknown): void } | undefined;
  #onExit: (exit: DecoderExit) => void = () => {};
  #reading: { readonly into: Uint8Array; resolve(bytes: number): void; reject(error: unknown): void } | undefined;
  #pid: number | undefined;
  #failure: Error | undefined;
  #hasExited = false;
  /** Buffer for reads into memory that is not shared. */
  #scratch: Uint8Array | undefined;

  private constructor(path: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    DecoderChild.#made += 1;
    this.#id = DecoderChild.#made;
    this.#thread = DecoderThread.leastBusy();
    this.exit = new Promise((resolve) => {
      this.#onExit = resolve;
    });
    this.#started = new Promise((resolve, reject) => {
      this.#onStarted = { resolve, reject };
    });
    this.#thread.add(this.#id, this);
    this.#thread.ask({ kind: 'start', id: this.#id, path, args, env: { ...env } });
  }

  /** Starts a program. @throws the system's error if it cannot be started. */
  static async start(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<DecoderChild> {
    const child = new DecoderChild(path, args, env);
    await child.#started;
    return child;
  }

  /**
   * Fills `into` with bytes of its standard output and returns their number, less than its length
   * only at the end. One read at a time. The thread writes to shared memory until the read has
   * settled.
   */
  read(into: Uint8Array): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#hasExited) return Promise.resolve(0);
    let target = into;
    if (!isShared(into)) {
      if (this.#scratch === undefined || this.#scratch.length < into.length) {
        if (this.#scratch !== undefined) letGo(this.#scratch.buffer);
        this.#scratch = new Uint8Array(sharedMemory(into.length));
      }
      target = this.#scratch;
    }
    return new Promise((resolve, reject) => {
      this.#reading = { into, resolve, reject };
      this.#thread.fill(this.#id, target, into.length);
    });
  }

  /** Kills it now. The current read settles with what has arrived. */
  kill(): void {
    if (!this.#hasExited) this.#thread.ask({ kind: 'kill', id: this.#id });
  }

  /** Handles an event from the thread. */
  heed(event: DecoderEvent): void {
    switch (event.kind) {
      case 'filled': {
        const reading = this.#reading;
        this.#reading = undefined;
        if (reading === undefined) return;
        if (this.#scratch !== undefined && !isShared(reading.into))
          reading.into.set(this.#scratch.subarray(0, event.bytes));
        reading.resolve(event.bytes);
        return;
      }
      case 'errors':
      case 'times':
        this[event.kind].emit('data', event.text);
        return;
      case 'started':
        this.#pid = event.pid;
        running.add(event.pid);
        this.#onStarted?.resolve(event.pid);
        return;
      case 'failed':
        this.fail(Object.assign(new Error(event.message), { code: event.code }));
        return;
      case 'exit':
        this.#leave(event);
    }
  }

  /** Nothing more will arrive: it could not be started, or its thread has died. */
  fail(error: Error): void {
    this.#failure = error;
    this.#onStarted?.reject(error);
    this.#reading?.reject(error);
    this.#reading = undefined;
    this.#leave({ code: null, signal: null });
  }

  #leave({ code, signal }: DecoderExit): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    if (this.#pid !== undefined) running.delete(this.#pid);
    this.times.emit('end');
    this.errors.emit('end');
    // Requested after the thread had reported the end: nothing is written into it.
    this.#reading?.resolve(0);
    this.#reading = undefined;
    if (this.#scratch !== undefined) letGo(this.#scratch.buffer);
    this.#thread.remove(this.#id);
    this.#onExit({ code, signal });
  }
}

/** A decoder thread, which keeps this process alive only while it has decoders. */
class DecoderThread {
  static readonly #all: DecoderThread[] = [];
  /** The most threads of this machine. Asked once: it takes reading several files. */
  static #most: number | undefined;

  /**
   * The thread with the fewest decoders. There is one for every four cores: starting a program
   * stops a thread for as long as the system takes to copy the tables of this process's memory, 33
   * ms where a device's driver is loaded, and the decoders of that thread wait meanwhile.
   */
  static leastBusy(): DecoderThread {
    const alive = DecoderThread.#all.filter(({ isAlive }) => isAlive);
    const [least] = alive.sort((left, right) => left.#children.size - right.#children.size);
    DecoderThread.#most ??= decoderThreads(availableCores());
    if (least !== undefined && (least.#children.size === 0 || alive.length >= DecoderThread.#most)) return least;
    const made = new DecoderThread();
    DecoderThread.#all.splice(0, DecoderThread.#all.length, ...alive, made);
    return made;
  }

  readonly #worker: Worker;
  readonly #link: MemoryLink;
  readonly #children = new Map<number, DecoderChild>();
  #requests: DecoderRequest[] = [];
  isAlive = true;

  constructor() {
    this.#worker = new Worker(new URL('./decoder-thread.js', import.meta.url), {
      name: 'decoders',
      resourceLimits: heapLimits,
      execArgv: [],
    });
    this.#link = new MemoryLink((message) => this.ask(message));
    this.#worker.unref();
    this.#worker.on('message', (events: readonly DecoderEvent[]) => {
      for (const event of events) this.#children.get(event.id)?.heed(event);
    });
    const end = (error: Error) => {
      this.isAlive = false;
      this.#link.close();
      for (const child of [...this.#children.values()]) child.fail(error);
    };
    this.#worker.once('error', (cause) => end(deathOf(cause)));
    this.#worker.once('exit', (code) => end(deathOf(new Error(`exit code ${code}`))));
  }

  add(id: number, child: DecoderChild): void {
    if (this.#children.size === 0) this.#worker.ref();
    this.#children.set(id, child);
  }

  remove(id: number): void {
    this.#children.delete(id);
    if (this.#children.size === 0) this.#worker.unref();
  }

  fill(id: number, target: Uint8Array, bytes: number): void {
    this.ask({ kind: 'fill', id, memory: this.#link.numberOf(target), bytes });
  }

  /** Requests of one turn are sent in one message. */
  ask(request: DecoderRequest): void {
    if (this.#requests.length === 0) {
      process.nextTick(() => {
        const requests = this.#requests;
        this.#requests = [];
        this.#worker.postMessage(requests);
      });
    }
    this.#requests.push(request);
  }
}

/**
 * No file is to blame for the death of a thread; the cause is a limit of the machine or a bug in
 * this program.
 */
function deathOf(cause: Error): SystemError {
  // A thread that gets no descriptors reports that only in its message.
  const lacksFiles = /EMFILE|ENFILE/.exec(cause.message)?.[0];
  const known =
    lacksFiles === undefined
      ? undefined
      : Object.assign(new Error(cause.message), { code: lacksFiles, syscall: 'open' });
  return (
    systemFault(known) ??
    new SystemError('system', `a thread of decoders died: ${cause.message}`, {
      remedy: 'Run it again: committed units are kept, and no item is marked as failed.',
      cause,
    })
  );
}
