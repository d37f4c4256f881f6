import { Worker } from 'node:worker_threads';
import { ModelError } from '../../errors.ts';
import type { SessionPlan, WorkerReply, WorkerRequest } from './session.ts';

/** Worker threads hold no large JavaScript objects: small heaps are collected sooner. In MiB. */
const heapLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

interface Task {
  readonly rows: number;
  /** Copies the batch into the buffer that goes to the worker. */
  readonly fill: (input: SharedArrayBuffer) => void;
  /** Copies the results out of the buffer, which is used again at once. */
  readonly take: (output: Float32Array) => void;
  readonly resolve: () => void;
  readonly reject: (error: ModelError) => void;
}

/** Memory that a batch is brought and its results are fetched in. */
interface BatchBuffers {
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
}

interface Member {
  readonly worker: Worker;
  task: Task | undefined;
  /** What its batch is in. */
  buffers: BatchBuffers | undefined;
  exited: Promise<void>;
}

/**
 * Threads that each hold one session of the same network. Batches wait in one queue and go to whichever is free. Buffers are
 * shared with the threads and used again: megabytes that move between threads are garbage of the main one each time, and
 * the process grows by what lies there until it is collected. A thread that dies fails what runs and what waits, now and later.
 */
export class WorkerPool {
  readonly #plan: SessionPlan;
  readonly #inputBytes: number;
  readonly #members: Member[] = [];
  readonly #queue: { task: Task; buffers: BatchBuffers }[] = [];
  readonly #waitingForBuffer: Task[] = [];
  readonly #buffers: BatchBuffers[] = [];
  #buffersMade = 0;
  #failure: ModelError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(plan: SessionPlan, inputBytesPerRow: number) {
    this.#plan = plan;
    this.#inputBytes = inputBytesPerRow * plan.batch;
  }

  /**
   * Opens `workers` sessions one after another, so that what one needs only while it is created is needed once.
   *
   * @throws ModelError `session` or `shape` when the network cannot be run as its card says; what was opened is closed again.
   */
  static async open(plan: SessionPlan, inputBytesPerRow: number, workers: number): Promise<WorkerPool> {
    const pool = new WorkerPool(plan, inputBytesPerRow);
    try {
      for (let index = 0; index < workers; index++) await pool.#add();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Most batches that may be given at once and still help: one per thread, and one ready for the first that is free. */
  get concurrency(): number {
    return this.#members.length + 1;
  }

  /**
   * Runs one batch of `rows` rows.
   *
   * @param fill - writes the rows; called when memory for them is free.
   * @param take - copies the results (float32, rows in order) before it returns: their memory is used again.
   */
  run(rows: number, fill: Task['fill'], take: Task['take']): Promise<void> {
    return new Promise((resolve, reject) => {
      const task: Task = { rows, fill, take, resolve, reject };
      if (this.#failure || this.#closing) {
        reject(this.#failure ?? this.#closedError());
        return;
      }
      this.#waitingForBuffer.push(task);
      this.#advance();
    });
  }

  /** Lets running batches end, refuses the waiting ones, closes sessions and threads. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops the threads without waiting for their batches: what runs and what waits fails, as when a thread dies. */
  async abort(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  async #close(): Promise<void> {
    this.#refuseWaiting(this.#failure ?? this.#closedError());
    for (const { worker } of this.#members) {
      worker.ref();
      worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    }
    await Promise.all(this.#members.map(({ exited }) => exited));
    this.#buffers.length = 0;
  }

  async #add(): Promise<void> {
    const worker = new Worker(new URL('./inference-worker.js', import.meta.url), {
      workerData: this.#plan,
      name: `inference ${this.#plan.name}`,
      resourceLimits: heapLimits,
      execArgv: [],
    });
    let settle: (error?: ModelError) => void = () => {};
    const ready = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', (code) => {
        const error = new ModelError(
          'session',
          `an inference thread of ${this.#plan.name} ended unexpectedly (exit code ${code})`,
          {
            remedy: 'Run again; if it happens again, look at free memory and lower --batch or the number of workers.',
          },
        );
        settle(error);
        if (!this.#closing) this.#fail(error);
        member.task?.reject(error);
        member.task = undefined;
        resolve();
      });
    });
    const member: Member = { worker, task: undefined, buffers: undefined, exited };
    worker.on('error', (cause) => {
      const error = new ModelError('session', `an inference thread of ${this.#plan.name} died: ${cause.message}`, {
        cause,
      });
      settle(error);
      this.#fail(error);
    });
    worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'ready') settle();
      else if (reply.kind === 'unusable') {
        settle(
          new ModelError(reply.code, `${this.#plan.name} cannot be run: ${reply.message}`, {
            remedy: 'Compare the model card with the ONNX file.',
          }),
        );
      } else this.#finish(member, reply);
    });
    this.#members.push(member);
    await ready;
    worker.unref();
  }

  #finish(member: Member, reply: Extract<WorkerReply, { kind: 'done' | 'failed' }>): void {
    const { task, buffers } = member;
    member.task = undefined;
    member.buffers = undefined;
    if (reply.kind === 'done' && task && buffers) {
      task.take(new Float32Array(buffers.output, 0, task.rows * this.#plan.dimension));
    }
    if (buffers !== undefined) this.#buffers.push(buffers);
    // While closing, the threads keep the process alive until they have ended.
    if (this.#closing === undefined) member.worker.unref();
    this.#advance();
    if (reply.kind === 'done') task?.resolve();
    else task?.reject(new ModelError('session', `${this.#plan.name} failed on a batch: ${reply.message}`));
  }

  /** Fills buffers for waiting batches, and hands filled ones to free threads. */
  #advance(): void {
    if (this.#failure || this.#closing) return;
    for (let task = this.#waitingForBuffer[0]; task; task = this.#waitingForBuffer[0]) {
      const buffers = this.#freeBuffers();
      if (!buffers) break;
      this.#waitingForBuffer.shift();
      try {
        task.fill(buffers.input);
      } catch (error) {
        this.#buffers.push(buffers);
        task.reject(error as ModelError);
        continue;
      }
      this.#queue.push({ task, buffers });
    }
    for (const member of this.#members) {
      if (member.task) continue;
      const next = this.#queue.shift();
      if (!next) return;
      member.task = next.task;
      member.buffers = next.buffers;
      member.worker.ref();
      member.worker.postMessage({ kind: 'run', rows: next.task.rows, ...next.buffers } satisfies WorkerRequest);
    }
  }

  #freeBuffers(): BatchBuffers | undefined {
    const free = this.#buffers.pop();
    if (free || this.#buffersMade >= this.concurrency) return free;
    this.#buffersMade++;
    const { dimension, batch } = this.#plan;
    return { input: new SharedArrayBuffer(this.#inputBytes), output: new SharedArrayBuffer(4 * dimension * batch) };
  }

  #fail(error: ModelError): void {
    this.#failure ??= error;
    for (const member of this.#members) {
      member.task?.reject(this.#failure);
      member.task = undefined;
    }
    this.#refuseWaiting(this.#failure);
  }

  #refuseWaiting(error: ModelError): void {
    for (const { task } of this.#queue.splice(0)) task.reject(error);
    for (const task of this.#waitingForBuffer.splice(0)) task.reject(error);
  }

  #closedError(): ModelError {
    return new ModelError('session', `${this.#plan.name} was closed`);
  }
}
