import { type ChildProcess, spawn } from 'node:child_process';
import { UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { OutputTail } from './output-tail.ts';

/** How a program ended. */
export interface ProgramEnd {
  /** Exit code; null if a signal ended it, or it was not started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it exceeded its time limit and was killed. */
  readonly timedOut: boolean;
  /** Why it could not be started, if memory, processes or room for its arguments were lacking. */
  readonly notStarted?: string | undefined;
  /** The last lines that it printed on standard error and standard output. */
  readonly output: readonly string[];
}

/** Running programs: if this process exits, they are killed first. */
const running = new Set<ChildProcess>();
const killAll = (): void => {
  for (const child of running) killGroup(child);
};

/**
 * Runs a program to its end, directly and never through a shell, without standard input and in its
 * own process group. When it ends, times out or is aborted, the whole group is killed, including
 * children that it left behind (on Windows, which has no process groups, only the program itself).
 * Only the end of its output is kept.
 *
 * Resolves when the program and its group are gone, also after an abort (then with `signal`
 * SIGKILL).
 *
 * @throws UsageError `program` when there is no such program, or it is not executable.
 */
export function runProgram(
  words: readonly string[],
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<ProgramEnd> {
  const [program = '', ...rest] = words;
  const errors = new OutputTail();
  const prints = new OutputTail();
  const output = (): string[] => [...prints.lines, ...errors.lines].slice(-20);
  return new Promise((resolve, reject) => {
    const settleUnstarted = (cause: NodeJS.ErrnoException): void => {
      if (cause.code !== undefined && cause.code in NO_PROGRAM) reject(noProgram(program, cause));
      else resolve(notStarted(cause, output()));
    };
    let child: ReturnType<typeof spawnGroup>;
    try {
      child = spawnGroup(program, rest);
    } catch (error) {
      // Errors of spawning are emitted or thrown, depending on their kind: ENOENT and E2BIG differ.
      settleUnstarted(error as NodeJS.ErrnoException);
      return;
    }
    if (running.size === 0) process.on('exit', killAll);
    running.add(child);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, options.timeout);
    const aborted = (): void => killGroup(child);
    const settle = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', aborted);
      running.delete(child);
      if (running.size === 0) process.off('exit', killAll);
    };
    child.stdout.on('data', (bytes: Buffer) => prints.write(bytes));
    child.stderr.on('data', (bytes: Buffer) => errors.write(bytes));
    child.once('error', (cause: NodeJS.ErrnoException) => {
      settle();
      settleUnstarted(cause);
    });
    // Children that the program left behind may hold its pipes open, so they are killed before
    // waiting for the pipes.
    child.once('exit', () => {
      settle();
      killGroup(child);
      // A child that made its own group is out of reach, and must not block this.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, PIPES_WITHIN).unref();
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal, timedOut, output: output() });
    });
    options.signal.addEventListener('abort', aborted, { once: true });
    if (options.signal.aborted) aborted();
  });
}

/** Milliseconds that pipes may stay open after their program has ended. */
const PIPES_WITHIN = 1000;

function spawnGroup(program: string, rest: readonly string[]) {
  return spawn(program, [...rest], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nothing of the group is left. EPERM: on macOS, all processes of the group are dead but
    // not yet reaped.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function notStarted(error: Error, output: readonly string[]): ProgramEnd {
  return { code: null, signal: null, timedOut: false, notStarted: wordsOf(error), output };
}

const MISSING = 'there is no such program, or the interpreter in its first line is missing';
const FORBIDDEN = 'it is not executable';
/** Errors of the program itself, which would affect every start. */
const NO_PROGRAM: Readonly<Record<string, string>> = {
  ...{ ENOENT: MISSING, ENOTDIR: MISSING, EACCES: FORBIDDEN, EPERM: FORBIDDEN },
  ...{ ELOOP: 'its path is a loop of links', ENAMETOOLONG: 'its name is too long' },
};

function noProgram(program: string, cause: NodeJS.ErrnoException): UsageError {
  const why = NO_PROGRAM[cause.code ?? ''] ?? wordsOf(cause);
  return new UsageError(`'${program}' could not be started: ${why}`, {
    code: 'program',
    remedy: 'Give a program on the PATH, or its path. No downloader is bundled: install the one you want.',
    cause,
  });
}
