import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { isShared, MemoryLink, sharedMemory } from '../../shared-memory.ts';
import type { DecoderEvent, DecoderRequest } from './decoder-messages.ts';

/** How a decoder process ended. */
export interface DecoderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Text that a process writes, as it comes: `data` with a string, then `end`. */
export class TextOutput extends EventEmitter<{ data: [text: string]; end: [] }> {}

/** The thread holds no large JavaScript objects: a small heap is collected sooner. In MiB. */
const heapLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * A decoder in the thread that starts decoders and reads what they write. Its output goes into shared memory without passing this thread; what it
 * prints comes as text.
 */
export class DecoderChild {
  static #shared: DecoderThread | undefined;
  static #made = 0;

  /** What it prints on its standard error. */
  readonly errors = new TextOutput();
  /** What it prints on descriptor 3. */
  readonly times = new TextOutput();
  /** Resolves when it has ended by itself or was killed, and all it printed has come. */
  readonly exit: Promise<DecoderExit>;
  readonly #id: number;
  readonly #thread: DecoderThread;
  readonly #started: Promise<number>;
  #onStarted: { resolve(pid: number): void; reject(error: unknown): void } | undefined;
  #onExit: (exit: DecoderExit) => void = () => {};
  #reading: { readonly into: Uint8Array; resolve(bytes: number): void; reject(error: unknown): void } | undefined;
  #failure: Error | undefined;
  #hasExited = false;
  /** Where bytes are read that go into memory that is not shared. */
  #scratch: Uint8Array | undefined;

  private constructor(path: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    DecoderChild.#made += 1;
    this.#id = DecoderChild.#made;
    if (DecoderChild.#shared?.isAlive !== true) DecoderChild.#shared = new DecoderThread();
    this.#thread = DecoderChild.#shared;
    this.exit = new Promise((resolve) => {
      this.#onExit = resolve;
    });
    this.#started = new Promise((resolve, reject) => {
      this.#onStarted = { resolve, reject };
    });
    this.#thread.add(this.#id, this);
    this.#thread.ask({ kind: 'start', id: this.#id, path, args, env: { ...env } });
  }

  /** Starts a program. @throws the system's error when it cannot be started. */
  static async start(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<DecoderChild> {
    const child = new DecoderChild(path, args, env);
    await child.#started;
    return child;
  }

  /**
   * Fills `into` with bytes of its standard output; gives their count, less than its length only at the end. One read at a time. Shared memory is written
   * by the thread until the read has settled.
   */
  read(into: Uint8Array): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#hasExited) return Promise.resolve(0);
    let target = into;
    if (!isShared(into)) {
      if (this.#scratch === undefined || this.#scratch.length < into.length)
        this.#scratch = new Uint8Array(sharedMemory(into.length));
      target = this.#scratch;
    }
    return new Promise((resolve, reject) => {
      this.#reading = { into, resolve, reject };
      this.#thread.fill(this.#id, target, into.length);
    });
  }

  /** Ends it now. The present read settles with what has come. */
  kill(): void {
    if (!this.#hasExited) this.#thread.ask({ kind: 'kill', id: this.#id });
  }

  /** Takes what the thread tells of it. */
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
        this.#onStarted?.resolve(event.pid);
        return;
      case 'failed':
        this.fail(Object.assign(new Error(event.message), { code: event.code }));
        return;
      case 'exit':
        this.#leave(event);
    }
  }

  /** Nothing more will come of it: it could not be started, or its thread has died. */
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
    this.times.emit('end');
    this.errors.emit('end');
    this.#thread.remove(this.#id);
    this.#onExit({ code, signal });
  }
}

/** The thread, which keeps this process alive only while it has decoders. */
class DecoderThread {
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
    this.#worker.once('error', (cause) => end(new Error(`the thread of decoders died: ${cause.message}`, { cause })));
    this.#worker.once('exit', (code) => end(new Error(`the thread of decoders ended with exit code ${code}`)));
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

  /** What is asked in one turn goes in one message. */
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
