// @ts-check
// A small process that starts programs for a decoder thread and hands it their pipes. Starting a
// program stops a process while the system copies its page tables: tens of milliseconds if it is
// large or has a device driver loaded, next to nothing here. JavaScript, because Node 20 cannot
// load TypeScript.
import { spawn } from 'node:child_process';

/** @typedef {import('./decoder-messages.ts').LauncherRequest} LauncherRequest */
/** @typedef {import('./decoder-messages.ts').LauncherEvent} LauncherEvent */

/** @type {Map<number, import('node:child_process').ChildProcess>} */
const programs = new Map();

/** @param {LauncherEvent} event @param {import('node:net').Socket} [pipe] given away with it */
function tell(event, pipe) {
  // If it cannot be told, whoever asked is gone: `disconnect` follows.
  process.send?.(event, pipe, {}, () => {});
}

/** @param {import('./decoder-messages.ts').ProgramStart} request */
function start({ id, path, args, env }) {
  const program = spawn(path, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
    // Its own process group: Ctrl-C in a terminal is meant for reelflow, which lets running
    // programs finish.
    detached: true,
  });
  const { pid } = program;
  program.on('error', (error) => {
    if (pid === undefined) fail(id, error);
  });
  if (pid === undefined) return;
  const [, ...pipes] = /** @type {(import('node:net').Socket & { _handle: { readStop(): void } })[]} */ (
    // Node.js would read from the pipes it knows when the program ends, while they may still be
    // waiting here.
    /** @type {unknown} */ (program.stdio.splice(0))
  );
  // In the same turn of the event loop that began to read, before anything can have been read.
  for (const pipe of pipes) pipe._handle.readStop();
  programs.set(id, program);
  for (const [at, pipe] of pipes.entries()) tell({ kind: 'pipe', id, at }, pipe);
  // After the pipes, so that one that did not arrive is noticed.
  tell({ kind: 'started', id, pid });
  program.once('exit', (code, signal) => {
    programs.delete(id);
    tell({ kind: 'exit', id, code, signal });
  });
}

/** @param {number} id @param {unknown} error */
function fail(id, error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  tell({ kind: 'failed', id, code, message });
}

process.on('message', (/** @type {LauncherRequest} */ request) => {
  if (request.kind === 'kill') programs.get(request.id)?.kill('SIGKILL');
  else {
    try {
      start(request);
    } catch (error) {
      fail(request.id, error);
    }
  }
});
// Programs still running end at their next write, which nobody reads.
process.once('disconnect', () => process.exit());
