import { Worker } from 'node:worker_threads';
import { ModelError, SystemError } from '../../core/errors.ts';
import { isShared, MemoryLink } from '../../core/shared-memory.ts';
import type { BatchTimes, Place, SessionPlan, WorkerData, WorkerReply, WorkerRequest } from './session.ts';
import { leaveTelemetryOff } from './telemetry.ts';

/** Worker threads hold no large JavaScript objects: small heaps are collected sooner. In MiB. */
const heapLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** One row of a batch. */
export type Row = Uint8Array | Float32Array;

interface Task {
  readonly inputs: readonly Row[];
  /** Copies the results out of the buffer, which is used again at once. */
  readonly take: (output: Float32Array) => void;
  readonly resolve: () => void;
  readonly reject: (error: SystemError) => void;
}

/** Memory that a batch is brought and its results are fetched in. */
interface BatchBuffers {
  /** Made when a batch first needs it: rows that lie in shared memory are read where they are. */
  input: SharedArrayBuffer | undefined;
  readonly output: SharedArrayBuffer;
}

interface Member {
  readonly worker: Worker;
  /** What the thread knows of shared memory. */
  readonly link: MemoryLink;
  task: Task | undefined;
  /** What its batch is in. */
  buffers: BatchBuffers | undefined;
  exited: Promise<void>;
}

/** How a pool tells what its sessions had to do. */
export interface PoolOptions {
  /**
   * Called when a device had no memory for a whole run: its runs have this many rows from now on.
   */
  readonly onRowsHalved?: ((rows: number) => void) | undefined;
  /** Called when all of its threads have ended. */
  readonly onClosed?: (() => void) | undefined;
}

/**
 * Threads that each hold one session of the same network. Batches wait in one queue and go to
 * whichever is free. Rows in shared memory (frames of a flow's pool) are read by the threads where
 * they lie; others are copied into buffers that are shared with the threads and used again:
 * megabytes that move between threads are garbage of the main one each time, and the process grows
 * by what lies there until it is collected. A thread that dies fails what runs and what waits, now
 * and later.
 */
export class WorkerPool {
  readonly #plan: SessionPlan;
  readonly #inputBytes: number;
  readonly #members: Member[] = [];
  readonly #queue: { task: Task; buffers: BatchBuffers }[] = [];
  readonly #waitingForBuffer: Task[] = [];
  readonly #buffers: BatchBuffers[] = [];
  #buffersMade = 0;
  #failure: SystemError | undefined;
  #closing: Promise<void> | undefined;
  readonly #options: PoolOptions;

  private constructor(plan: SessionPlan, inputBytesPerRow: number, options: PoolOptions) {
    this.#plan = plan;
    this.#inputBytes = inputBytesPerRow * plan.batch;
    this.#options = options;
  }

  /**
   * Opens a session at each of the places, one after another, so that what one needs only while it
   * is created is needed once.
   *
   * @throws ModelError `shape`, SystemError `session` or `device-memory` when the network cannot be
   * run as its card says; what was opened is closed again.
   */
  static async open(
    plan: SessionPlan,
    inputBytesPerRow: number,
    places: readonly Place[],
    options: PoolOptions = {},
  ): Promise<WorkerPool> {
    const pool = new WorkerPool(plan, inputBytesPerRow, options);
    try {
      for (const place of places) await pool.add(place);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Threads that compute. */
  get workers(): number {
    return this.#members.length;
  }

  /**
   * Most batches that may be given at once and still help: one per thread, and one ready for the
   * first that is free.
   */
  get concurrency(): number {
    return this.#members.length + 1;
  }

  /**
   * Runs one batch.
   *
   * @param inputs - rows, which must stay as they are until the batch has settled.
   * @param take - copies the results (float32, rows in order) before it returns: their memory is
   * used again.
   */
  run(inputs: readonly Row[], take: Task['take']): Promise<void> {
    return new Promise((resolve, reject) => {
      const task: Task = { inputs, take, resolve, reject };
      if (this.#failure || this.#closing) {
        reject(this.#failure ?? this.#closedError());
        return;
      }
      this.#waitingForBuffer.push(task);
      this.#advance();
    });
  }

  /**
   * Lets running batches end, refuses the waiting ones, closes sessions and threads. May be called
   * again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Stops the threads without waiting for their batches: what runs and what waits fails, as when a
   * thread dies.
   */
  async abort(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
    this.#options.onClosed?.();
  }

  async #close(): Promise<void> {
    this.#refuseWaiting(this.#failure ?? this.#closedError());
    for (const { worker } of this.#members) {
      worker.ref();
      worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    }
    await Promise.all(this.#members.map(({ exited }) => exited));
    this.#buffers.length = 0;
    this.#options.onClosed?.();
  }

  /** Opens one more session. @returns what a batch takes there; undefined on the CPU. */
  async add(place: Place): Promise<BatchTimes | undefined> {
    leaveTelemetryOff();
    const worker = new Worker(new URL('./inference-worker.js', import.meta.url), {
      workerData: { plan: this.#plan, place } satisfies WorkerData,
      name: `inference ${this.#plan.name}`,
      resourceLimits: heapLimits,
      execArgv: [],
    });
    const link = new MemoryLink((message) => worker.postMessage(message satisfies WorkerRequest));
    let settle: (answer: Error | BatchTimes | undefined) => void = () => {};
    const ready = new Promise<BatchTimes | undefined>((resolve, reject) => {
      settle = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
    });
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', (code) => {
        const error = new SystemError(
          'session',
          `an inference thread of ${this.#plan.name} ended unexpectedly (exit code ${code})`,
          {
            remedy: 'Run again; if it happens again, look at free memory and lower `batch` or the number of `workers`.',
          },
        );
        settle(error);
        // One that could not open its session ends on its own, and is not a member.
        if (!this.#closing && this.#members.includes(member)) this.#fail(error);
        member.task?.reject(error);
        member.task = undefined;
        link.close();
        resolve();
      });
    });
    const member: Member = { worker, link, task: undefined, buffers: undefined, exited };
    worker.on('error', (cause) => {
      const error = new SystemError('session', `an inference thread of ${this.#plan.name} died: ${cause.message}`, {
        cause,
      });
      settle(error);
      this.#fail(error);
    });
    worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'ready') settle(reply.times);
      else if (reply.kind === 'unusable') {
        this.#members.splice(this.#members.indexOf(member), 1);
        settle(this.#unusable(reply));
      } else this.#finish(member, reply);
    });
    this.#members.push(member);
    const times = await ready;
    worker.unref();
    this.#advance();
    return times;
  }

  #finish(member: Member, reply: Extract<WorkerReply, { kind: 'done' | 'failed' }>): void {
    const { task, buffers } = member;
    member.task = undefined;
    member.buffers = undefined;
    if (reply.kind === 'done' && task && buffers) {
      task.take(new Float32Array(buffers.output, 0, task.inputs.length * this.#plan.dimension));
    }
    if (reply.kind === 'done' && reply.rowsHalved !== undefined) this.#options.onRowsHalved?.(reply.rowsHalved);
    if (buffers !== undefined) this.#buffers.push(buffers);
    // While closing, the threads keep the process alive until they have ended.
    if (this.#closing === undefined) member.worker.unref();
    this.#advance();
    if (reply.kind === 'done') task?.resolve();
    else {
      const remedy = reply.code === 'device-memory' ? { remedy: moreDeviceMemory } : {};
      task?.reject(new SystemError(reply.code, `${this.#plan.name} failed on a batch: ${reply.message}`, remedy));
    }
  }

  /** Fills buffers for waiting batches, and hands filled ones to free threads. */
  #advance(): void {
    if (this.#failure || this.#closing) return;
    for (let task = this.#waitingForBuffer[0]; task; task = this.#waitingForBuffer[0]) {
      const buffers = this.#freeBuffers();
      if (!buffers) break;
      this.#waitingForBuffer.shift();
      if (!task.inputs.every(isShared)) {
        buffers.input ??= new SharedArrayBuffer(this.#inputBytes);
        copyRows(task.inputs, buffers.input);
      }
      this.#queue.push({ task, buffers });
    }
    for (const member of this.#members) {
      if (member.task) continue;
      const next = this.#queue.shift();
      if (!next) return;
      const { task, buffers } = next;
      member.task = task;
      member.buffers = buffers;
      member.worker.ref();
      const input = task.inputs.every(isShared)
        ? task.inputs.map((row) => member.link.numberOf(row))
        : (buffers.input as SharedArrayBuffer);
      const request: WorkerRequest = { kind: 'run', rows: task.inputs.length, input, output: buffers.output };
      member.worker.postMessage(request);
    }
  }

  #freeBuffers(): BatchBuffers | undefined {
    const free = this.#buffers.pop();
    if (free || this.#buffersMade >= this.concurrency) return free;
    this.#buffersMade++;
    const { dimension, batch } = this.#plan;
    return { input: undefined, output: new SharedArrayBuffer(4 * dimension * batch) };
  }

  #fail(error: SystemError): void {
    this.#failure ??= error;
    for (const member of this.#members) {
      member.task?.reject(this.#failure);
      member.task = undefined;
    }
    this.#refuseWaiting(this.#failure);
  }

  #refuseWaiting(error: SystemError): void {
    for (const { task } of this.#queue.splice(0)) task.reject(error);
    for (const task of this.#waitingForBuffer.splice(0)) task.reject(error);
  }

  #unusable({ code, message }: Extract<WorkerReply, { kind: 'unusable' }>): Error {
    const fact = `${this.#plan.name} cannot be run: ${message}`;
    const remedy = code === 'device-memory' ? moreDeviceMemory : 'Compare the network card with the ONNX file.';
    return code === 'shape' ? new ModelError(code, fact, { remedy }) : new SystemError(code, fact, { remedy });
  }

  #closedError(): SystemError {
    return new SystemError('session', `${this.#plan.name} was closed`);
  }
}

const moreDeviceMemory =
  "Lower `batch`, stop other programs on the device, use another one (`device: 'cuda:1'`), or compute on the CPU (`device: 'cpu'`).";

function copyRows(rows: readonly Row[], into: SharedArrayBuffer): void {
  const bytes = new Uint8Array(into);
  let at = 0;
  for (const row of rows) {
    bytes.set(row instanceof Uint8Array ? row : new Uint8Array(row.buffer, row.byteOffset, row.byteLength), at);
    at += row.byteLength;
  }
}
