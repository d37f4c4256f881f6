import { ModelError, ReelflowError, UsageError } from '../src/core/errors.ts';
import { systemFault } from '../src/core/system-fault.ts';
import { factOf } from '../src/core/words-of.ts';
import { Console } from './console.ts';
import { runProgram } from './program.ts';

/**
 * Runs a command line, prints the error that ends it, if any, and returns the exit code.
 *
 * @param open receives the console that prints from then on
 * @throws errors of the program itself (bugs), after printing them
 */
export async function runToExitCode(argv: readonly string[], open?: (console: Console) => void): Promise<number> {
  let console = new Console({});
  try {
    return await runProgram(argv, (opened) => {
      console = opened;
      open?.(opened);
    });
  } catch (fault) {
    const lacking = systemFault(fault);
    const error = lacking?.code === 'open-files' ? lacking : fault;
    if (error instanceof ReelflowError) {
      console.error(error);
      return error instanceof UsageError || error instanceof ModelError ? 2 : 1;
    }
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) {
      console.fault(error);
      throw error;
    }
    console.error({ message: `\`${syscall}\` failed: ${factOf(error)}`, code });
    return 1;
  }
}
