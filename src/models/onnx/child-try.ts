import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { leaveTelemetryOff } from './telemetry.ts';

/** A child process's reply if it could not do what it was asked. */
export interface ChildFailure {
  readonly kind: 'failed';
  readonly message: string;
}

/** Seconds to wait for a child process. */
const usualPatience = 60;
/** How many characters at the end of the drivers' output are searched. */
const maxPrinted = 16 * 1024;
/** Milliseconds within which a process that has answered must end and close its pipes. */
const parting = 1000;

/**
 * Sends one request to a program beside this file, in a separate process, so that a driver crash
 * ends only that process. Returns its reply and the end of its output, where loaders name what they
 * did not find.
 *
 * @param program - file name of a program that answers one message with one message.
 * @param options.patience - seconds to wait for it; default 60.
 * @param options.env - variables in addition to those of this process.
 * @param options.onStart - called with the process.
 */
export function inChild<Request extends object, Reply>(
  program: string,
  request: Request,
  options: {
    readonly patience?: number | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    readonly onStart?: ((child: ChildProcess) => void) | undefined;
  } = {},
): Promise<{ readonly reply: Reply | ChildFailure; readonly printed: string }> {
  const { patience = usualPatience, env } = options;
  leaveTelemetryOff();
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL(`./${program}`, import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: [],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    options.onStart?.(child);
    let printed = '';
    let reply: Reply | ChildFailure | undefined;
    const finish = () => {
      clearTimeout(timer);
      const none = { kind: 'failed', message: `it gave no result in ${patience} s` } as const;
      resolve({ reply: reply ?? none, printed });
      child.stderr?.destroy();
      child.kill('SIGKILL');
    };
    let timer = setTimeout(finish, 1000 * patience);
    // The first reply counts. Output printed before it may still be in the pipe, which closes with
    // the process.
    const answered = (answer: Reply | ChildFailure) => {
      if (reply !== undefined) return;
      reply = answer;
      clearTimeout(timer);
      timer = setTimeout(finish, parting);
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-maxPrinted);
    });
    child.once('message', (message) => answered(message as Reply));
    child.once('error', (error) => answered({ kind: 'failed', message: error.message }));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal;
      answered({ kind: 'failed', message: `the process that tried it ended with ${how}` });
    });
    child.once('close', finish);
    // A process that could not be created has no channel; its 'error' event says why.
    if (child.connected) {
      child.send(request, (error) => {
        if (error !== null) answered({ kind: 'failed', message: error.message });
      });
    }
  });
}
