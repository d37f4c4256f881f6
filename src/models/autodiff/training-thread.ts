import { Worker } from 'node:worker_threads';
import { SystemError } from '../../core/errors.ts';
import { leaveTelemetryOff } from '../onnx/telemetry.ts';
import { FeedBuffers } from './feed-buffers.ts';
import type { Feeds } from './feeds.ts';
import type { StateValues } from './state.ts';
import type { StepRequest, ThreadReply, ThreadRequest, ThreadStart } from './thread-messages.ts';

interface Waiting {
  readonly resolve: (values: readonly Float32Array[]) => void;
  readonly reject: (error: SystemError) => void;
}

/** The buffers behind feeds, each once. */
function buffersOf(feeds: readonly Feeds[]): ArrayBuffer[] {
  const all = feeds.flatMap((each) => Object.values(each).map(({ data }) => data.buffer as ArrayBuffer));
  return [...new Set(all)];
}

/**
 * A thread that holds the state of one module and trains it: `session.run` of ONNX Runtime blocks
 * its thread, so training must not be on the main one. Requests are answered in order; several may
 * be under way, so that the next batch is read while the last one is learnt. Feeds are moved to the
 * thread, not copied, and their buffers come back into `buffers`.
 */
export class TrainingThread {
  readonly buffers = new FeedBuffers();
  readonly #worker: Worker;
  readonly #name: string;
  readonly #waiting: Waiting[] = [];
  #failure: SystemError | undefined;
  #exited: Promise<void> = Promise.resolve();

  private constructor(
    worker: Worker,
    name: string,
    /** Whether steps that are asked for together are one run. */
    readonly loops: boolean,
  ) {
    this.#worker = worker;
    this.#name = name;
  }

  /**
   * Starts a thread and opens its sessions. Its state is all zeros until `load`.
   *
   * @throws SystemError `session` when ONNX Runtime does not take the graphs.
   */
  static async open(name: string, start: ThreadStart): Promise<TrainingThread> {
    leaveTelemetryOff();
    const worker = new Worker(new URL('./training-worker.js', import.meta.url), {
      workerData: start,
      name: `training ${name}`,
      execArgv: [],
    });
    const thread = new TrainingThread(worker, name, start.loop !== undefined);
    await thread.#connect();
    return thread;
  }

  /**
   * Makes steps in order. Resolves to the loss of each before it was made. The feeds must not be
   * used any more.
   */
  async steps(steps: readonly StepRequest[]): Promise<Float32Array> {
    const [losses] = await this.#ask({ kind: 'steps', steps }, buffersOf(steps.map(({ feeds }) => feeds)));
    return losses as Float32Array;
  }

  /** What the module predicts for a batch. The feeds must not be used any more. */
  async evaluate(feeds: Feeds): Promise<Float32Array> {
    const [values] = await this.#ask({ kind: 'evaluate', feeds }, buffersOf([feeds]));
    return values as Float32Array;
  }

  /** A copy of the state. */
  read(): Promise<StateValues> {
    return this.#ask({ kind: 'read' });
  }

  /** A copy of the state that was remembered last; empty when none was. */
  readRemembered(): Promise<StateValues> {
    return this.#ask({ kind: 'read-remembered' });
  }

  async load(values: StateValues): Promise<void> {
    await this.#ask({ kind: 'load', values });
  }

  async loadRemembered(values: StateValues): Promise<void> {
    await this.#ask({ kind: 'load-remembered', values });
  }

  /** Keeps a copy of the state inside the thread. */
  async remember(): Promise<void> {
    await this.#ask({ kind: 'remember' });
  }

  /** Takes the remembered state back. */
  async recall(): Promise<void> {
    await this.#ask({ kind: 'recall' });
  }

  /** Lets what is under way end, then closes sessions and thread. */
  async close(): Promise<void> {
    this.#failure ??= new SystemError('session', `the training of ${this.#name} was closed`);
    this.#worker.postMessage({ kind: 'close' } satisfies ThreadRequest);
    await this.#exited;
  }

  /** Stops the thread in the middle of what it does. */
  async abort(): Promise<void> {
    await this.#worker.terminate();
  }

  #connect(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#exited = new Promise((ended) => {
        this.#worker.once('exit', (code) => {
          const error = new SystemError('session', `the training thread of ${this.#name} ended (exit code ${code})`, {
            remedy: 'Run again; training resumes from its last checkpoint if there is one.',
          });
          this.#fail(error);
          reject(error);
          ended();
        });
      });
      this.#worker.on('error', (cause) => {
        const error = new SystemError('session', `the training thread of ${this.#name} died: ${cause.message}`, {
          cause,
        });
        this.#fail(error);
        reject(error);
      });
      this.#worker.on('message', (reply: ThreadReply) => {
        if (reply.kind === 'ready') resolve();
        else if (reply.kind === 'unusable') {
          reject(new SystemError('session', `${this.#name} cannot be trained: ${reply.message}`));
        } else this.#receive(reply);
      });
    });
  }

  #receive(reply: Extract<ThreadReply, { kind: 'done' | 'failed' }>): void {
    const waiting = this.#waiting.shift();
    if (reply.kind === 'failed') {
      waiting?.reject(new SystemError('session', `${this.#name} failed in training: ${reply.message}`));
      return;
    }
    for (const buffer of reply.buffers) this.buffers.give(buffer);
    waiting?.resolve(reply.values);
  }

  #ask(request: ThreadRequest, moved: ArrayBuffer[] = []): Promise<readonly Float32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, moved);
    });
  }

  #fail(error: SystemError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
