import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { leaveTelemetryOff } from './telemetry.ts';

/** What a child process answers when it could not do what it was asked. */
export interface ChildFailure {
  readonly kind: 'failed';
  readonly message: string;
}

/** Seconds that a child process is waited for. */
const usualPatience = 60;
/** Of what drivers print, this much is looked at: the end. Characters. */
const maxPrinted = 16 * 1024;
/** Milliseconds for a process that has answered to end and to close its pipes. */
const parting = 1000;

/**
 * Asks a program beside this file one thing, in a process of its own: whatever crashes a driver
 * ends that process only. Gives its answer, and the end of what it printed: loaders name there what
 * they did not find.
 *
 * @param program - file name of a program that answers one message with one message.
 * @param options.patience - seconds that it is waited for; default 60.
 * @param options.env - variables beside those of this process.
 * @param options.onStart - given the process.
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
    // The first answer counts. What was printed before it may still be in the pipe, which closes
    // with the process.
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
    // A process that could not be made has no channel; its 'error' says why.
    if (child.connected) {
      child.send(request, (error) => {
        if (error !== null) answered({ kind: 'failed', message: error.message });
      });
    }
  });
}
