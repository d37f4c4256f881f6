#!/usr/bin/env node
import { wordsOf } from '../src/core/words-of.ts';
import { Console } from './console.ts';
import { runToExitCode } from './exit-code.ts';
import { silenceModuleTypeWarning } from './module-type-warning.ts';

let console = new Console({});

/** A reader that goes away (`reelflow ... | head`) is not a failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A command that streams to stdout handles this itself, and ends its work in order.
  if (process.stdout.listenerCount('error') > 1) return;
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  console.error({ message: `stdout cannot be written: ${wordsOf(error)}`, code: error.code ?? 'output' });
  process.exit(1);
});

silenceModuleTypeWarning();

let finished = false;
process.on('exit', (code) => {
  if (finished || code !== 13) return;
  console.error({ message: 'exited before its work was done; this is a bug in reelflow', code: 'internal' });
  process.exitCode = 1;
});

process.exitCode = await runToExitCode(process.argv.slice(2), (opened) => {
  console = opened;
});
finished = true;
