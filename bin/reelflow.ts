#!/usr/bin/env node
import { ModelError, ReelflowError, UsageError } from '../src/core/errors.ts';
import { systemFault } from '../src/core/system-fault.ts';
import { Console } from './console.ts';
import { silenceModuleTypeWarning } from './module-type-warning.ts';
import { runProgram } from './program.ts';

/** A reader that goes away (`reelflow ... | head`) is not a failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A command that streams to stdout listens itself, and ends its work in good order.
  if (process.stdout.listenerCount('error') > 1) return;
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

silenceModuleTypeWarning();

let console = new Console({});
let finished = false;
process.on('exit', (code) => {
  if (finished || code !== 13) return;
  console.error({ message: 'exited before its work was done; this is a bug in reelflow', code: 'internal' });
  process.exitCode = 1;
});

try {
  process.exitCode = await runProgram(process.argv.slice(2), (opened) => {
    console = opened;
  });
} catch (fault) {
  const lacking = systemFault(fault);
  const error = lacking?.code === 'open-files' ? lacking : fault;
  if (!(error instanceof ReelflowError)) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) {
      console.fault(error);
      throw error;
    }
    console.error({ message, code });
    process.exit(1);
  }
  console.error(error);
  process.exitCode = error instanceof UsageError || error instanceof ModelError ? 2 : 1;
}
finished = true;
