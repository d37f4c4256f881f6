// @ts-check
// How a decoder thread starts programs. JavaScript, because a worker thread of Node 20 cannot load
// TypeScript.
import { fork, spawn } from 'node:child_process';
import { isNode } from '../../core/runtime.js';

/** @typedef {import('node:stream').Readable} Readable */
/** @typedef {{ readonly code: number | null, readonly signal: NodeJS.Signals | null }} Exit */
/** @typedef {import('./decoder-messages.ts').LauncherRequest} LauncherRequest */
/** @typedef {import('./decoder-messages.ts').LauncherEvent} LauncherEvent */
/**
 * A running program.
 *
 * @typedef {object} Program
 * @property {number} pid
 * @property {readonly [output: Readable, errors: Readable, times: Readable]} pipes what it writes
 *   on descriptors 1, 2 and 3
 * @property {() => void} kill ends it now
 * @property {Promise<Exit>} exit when it has ended; what it wrote may still be in its pipes
 * @property {Promise<Exit>} ended when its pipes are closed too, which they are once they were read
 *   to their ends
 */

/**
 * Starts a program.
 *
 * On Linux a process is copied before another program runs in it, so a small process does it
 * instead of this one: 60 ms at 1 GiB, 2 ms in a small process. Elsewhere, and on runtimes other
 * than Node.js, the thread does it.
 *
 * @param {string} path
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Promise<Program>} rejects with the system's error
 */
export function startProgram(path, args, env) {
  return isCopied ? Launcher.running().start(path, args, env) : startHere(path, args, env);
}

const isCopied = process.platform === 'linux' && isNode;

/**
 * @param {string} path
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Promise<Program>}
 */
function startHere(path, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env,
      windowsHide: true,
      // Its own process group: Ctrl-C in a terminal is meant for this program, which lets running
      // programs finish.
      detached: process.platform !== 'win32',
    });
    const { pid } = child;
    // First, before its pipes are used: a child that could not be started for lack of descriptors
    // has none.
    child.on('error', (error) => {
      if (pid === undefined) reject(error);
    });
    if (pid === undefined) return;
    const [, ...pipes] = /** @type {[null, Readable, Readable, Readable]} */ (/** @type {unknown} */ (child.stdio));
    const kill = () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    };
    const exit = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
    const ended = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));
    resolve({ pid, pipes, kill, exit, ended });
  });
}

/** A requested start, or a running program. */
class Launched {
  /** @type {(Readable | undefined)[]} */
  #pipes = [];
  #closed = /** @type {Promise<void>[]} */ ([]);
  #onExit = (/** @type {Exit} */ _) => {};
  /** @type {Promise<Exit>} */
  #exit = new Promise((resolve) => {
    this.#onExit = resolve;
  });

  /**
   * @param {(program: Program) => void} onStarted
   * @param {(error: Error) => void} onFailed
   * @param {() => void} kill
   */
  constructor(onStarted, onFailed, kill) {
    /** @type {number | undefined} */
    this.pid = undefined;
    this.onStarted = onStarted;
    this.onFailed = onFailed;
    this.kill = kill;
  }

  /** @param {number} at @param {Readable | undefined} pipe */
  take(at, pipe) {
    this.#pipes[at] = pipe;
    if (pipe !== undefined) this.#closed.push(new Promise((resolve) => pipe.once('close', resolve)));
  }

  /** @param {number} pid */
  started(pid) {
    this.pid = pid;
    const [output, errors, times] = this.#pipes;
    if (output === undefined || errors === undefined || times === undefined) {
      // The system drops pipes that a process has no descriptors for.
      this.kill();
      for (const pipe of this.#pipes) pipe?.destroy();
      this.onFailed(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }));
      return;
    }
    const ended = Promise.all(this.#closed).then(() => this.#exit);
    this.onStarted({ pid, pipes: [output, errors, times], kill: this.kill, exit: this.#exit, ended });
  }

  /** @param {Exit} exit */
  exited(exit) {
    this.#onExit(exit);
  }
}

/** Kills a program that nobody is waiting for any more. @param {number} pid */
function killOrphan(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended on its own.
  }
}

/** The small process of this thread. */
class Launcher {
  /** @type {Launcher | undefined} */
  static #running;

  static running() {
    Launcher.#running ??= new Launcher();
    return Launcher.#running;
  }

  /** @type {Map<number, Launched>} */
  #programs = new Map();
  #made = 0;
  #process = fork(new URL('./program-launcher.js', import.meta.url), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // It does next to nothing, and a small heap is collected sooner. It does not inherit this
    // process's options.
    execArgv: ['--max-old-space-size=32', '--max-semi-space-size=1', '--no-warnings'],
    env: {},
    // Its own process group, like the programs that it starts.
    detached: true,
  });

  constructor() {
    this.#process.on('message', (/** @type {LauncherEvent} */ event, pipe) => {
      const launched = this.#programs.get(event.id);
      if (event.kind === 'pipe') launched?.take(event.at, /** @type {import('node:net').Socket | undefined} */ (pipe));
      else if (event.kind === 'started') launched?.started(event.pid);
      else {
        this.#programs.delete(event.id);
        if (event.kind === 'exit') launched?.exited(event);
        else launched?.onFailed(Object.assign(new Error(event.message), { code: event.code }));
      }
    });
    this.#process.on('error', (error) => this.#end(error));
    this.#process.once('exit', (code, signal) =>
      this.#end(new Error(`the process that starts decoders ended (${signal ?? code})`)),
    );
  }

  /**
   * @param {string} path
   * @param {readonly string[]} args
   * @param {Readonly<Record<string, string | undefined>>} env
   * @returns {Promise<Program>}
   */
  start(path, args, env) {
    this.#made += 1;
    const id = this.#made;
    return new Promise((resolve, reject) => {
      const kill = () => this.#ask({ kind: 'kill', id });
      this.#programs.set(id, new Launched(resolve, reject, kill));
      this.#ask({ kind: 'start', id, path, args, env });
    });
  }

  /** @param {LauncherRequest} request */
  #ask(request) {
    // A closed channel is reported by the end of the process.
    this.#process.send?.(request, undefined, {}, () => {});
  }

  /** @param {Error} error */
  #end(error) {
    if (Launcher.#running === this) Launcher.#running = undefined;
    const started = [...this.#programs.values()];
    this.#programs.clear();
    for (const { pid, onFailed } of started) {
      if (pid !== undefined) killOrphan(pid);
      onFailed(error);
    }
    // Nobody would learn how the running programs end.
    if (this.#process.pid !== undefined && started.length > 0) throw error;
  }
}
