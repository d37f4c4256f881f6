// @ts-check
// The thread that starts decoders and reads their output, so that none of it passes through the
// main thread. JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import { MessageChannel, parentPort } from 'node:worker_threads';
import { KnownMemory } from '../../core/known-memory.js';
import { isNode } from '../../core/runtime.js';
import { startProgram } from './start-program.js';

/** @typedef {import('./decoder-messages.ts').DecoderRequest} DecoderRequest */
/** @typedef {import('./decoder-messages.ts').DecoderEvent} DecoderEvent */

if (parentPort === null) throw new Error('decoder-thread.js runs as a worker thread only');
const port = parentPort;
const memory = new KnownMemory();
/** @type {Map<number, Decoder>} */
const decoders = new Map();
/** @type {DecoderEvent[]} */
let events = [];

const { port1: nowhere, port2: nobody } = new MessageChannel();
nobody.close();

/**
 * Frees what was read from a pipe and has been copied: the collector, which sees only small
 * objects, would let 32 MiB of it accumulate in each thread. Only of Node.js is it known that every
 * read has memory of its own: Bun reads more into the same, which has to stay.
 *
 * @param {Uint8Array} bytes
 */
function free(bytes) {
  if (!isNode) return;
  const { buffer } = bytes;
  // Node.js keeps small buffers in one block, which must not be transferred. Memory transferred to
  // a closed port is freed.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) nowhere.postMessage(undefined, [buffer]);
}

/** Events of one turn are sent in one message. @param {DecoderEvent} event */
function tell(event) {
  if (events.length === 0) setImmediate(post);
  events.push(event);
}

function post() {
  const told = events;
  events = [];
  if (told.length > 0) port.postMessage(told);
}

/**
 * One decoder: a child process whose output is read only into requested memory, never further ahead
 * than a pipe holds.
 */
class Decoder {
  #id;
  #program;
  #output;
  /** What has arrived but has not been requested yet. @type {Uint8Array | undefined} */
  #left;
  /** @type {{ readonly into: Uint8Array, filled: number } | undefined} */
  #fill;
  #ended = false;
  /** It writes no more: what is left in its pipe is read without a request. */
  #hasExited = false;
  /** How it ended. @type {import('./decoder-messages.ts').ProgramExit | undefined} */
  #exit;

  /** @param {number} id @param {import('./start-program.js').Program} program */
  constructor(id, program) {
    this.#id = id;
    this.#program = program;
    const [output, errors, times] = program.pipes;
    this.#output = output;
    output
      .on('data', (/** @type {Uint8Array} */ bytes) => {
        // A resumed stream emits what it holds even though it has been destroyed meanwhile.
        if (!this.#ended) this.#arrived(bytes);
      })
      .pause();
    for (const event of ['end', 'close', 'error']) output.on(event, () => this.#end());
    errors.setEncoding('utf8').on('data', (text) => tell({ kind: 'errors', id, text }));
    times.setEncoding('latin1').on('data', (text) => tell({ kind: 'times', id, text }));
    // A pipe that breaks has closed.
    for (const pipe of [errors, times]) pipe.on('error', () => {});
    program.exit.then(() => {
      this.#hasExited = true;
      output.resume();
    });
    program.ended.then(({ code, signal }) => {
      this.#exit = { kind: 'exit', id, code, signal };
      this.#end();
    });
    // At once, so that whoever waits for the start is listening before any output is reported.
    tell({ kind: 'started', id, pid: program.pid });
    post();
  }

  /** @param {Uint8Array} into */
  fill(into) {
    this.#fill = { into, filled: 0 };
    const left = this.#left;
    this.#left = undefined;
    if (left !== undefined) this.#arrived(left);
    if (this.#ended) this.#end();
    else if (this.#fill !== undefined) this.#output.resume();
  }

  kill() {
    this.#left = undefined;
    this.#end();
    // Also for a child that has ended on its own: output that nobody requests would keep its pipe
    // open for ever.
    for (const pipe of this.#program.pipes) pipe.destroy();
    this.#program.kill();
  }

  /** @param {Uint8Array} bytes */
  #arrived(bytes) {
    const fill = this.#fill;
    if (fill === undefined) {
      this.#left = this.#left === undefined ? bytes : Buffer.concat([this.#left, bytes]);
      return;
    }
    const count = Math.min(bytes.length, fill.into.length - fill.filled);
    fill.into.set(count === bytes.length ? bytes : bytes.subarray(0, count), fill.filled);
    fill.filled += count;
    if (count < bytes.length) this.#left = bytes.subarray(count);
    else free(bytes);
    if (fill.filled < fill.into.length) return;
    this.#fill = undefined;
    if (!this.#hasExited) this.#output.pause();
    tell({ kind: 'filled', id: this.#id, bytes: fill.filled });
  }

  /** No more will arrive, and nothing more is written into requested memory. */
  #end() {
    this.#ended = true;
    // What arrived before the end can still be requested.
    if (this.#left !== undefined) return;
    const filled = this.#fill?.filled;
    this.#fill = undefined;
    if (filled !== undefined) tell({ kind: 'filled', id: this.#id, bytes: filled });
    if (this.#exit === undefined) return;
    decoders.delete(this.#id);
    tell(this.#exit);
    this.#exit = undefined;
  }
}

/** @param {import('./decoder-messages.ts').ProgramStart} request */
async function start({ id, path, args, env }) {
  try {
    decoders.set(id, new Decoder(id, await startProgram(path, args, env)));
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    tell({ kind: 'failed', id, code, message });
  }
}

port.on('message', (/** @type {readonly DecoderRequest[]} */ requests) => {
  for (const request of requests) {
    if (memory.heeds(request)) continue;
    const { id } = request;
    if (request.kind === 'start') start(request);
    else if (request.kind === 'kill') decoders.get(id)?.kill();
    else {
      // The end of one that is gone has already been reported.
      decoders.get(id)?.fill(memory.bytes(request.memory).subarray(0, request.bytes));
    }
  }
});
