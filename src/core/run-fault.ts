import { FlowError, ModelError, type ReelflowError } from './errors.ts';
import { systemFault } from './system-fault.ts';

/**
 * The error that ends the run, for an error that came up while an item was processed; undefined
 * when the item alone is at fault. Only what every item would meet ends a run: a network that is at
 * fault, a stop, and every fault of the machine, such as whatever the operating system refuses that
 * nobody blamed on the item. What comes from the item, its bytes, its rows or the code that is run
 * on it, is its own.
 *
 * @example
 * throw runFault(error) ?? letterOf(error);
 */
export function runFault(error: unknown): ReelflowError | undefined {
  const fault = systemFault(error);
  if (fault !== undefined) return fault;
  if (error instanceof ModelError || (error instanceof FlowError && error.code === 'aborted')) return error;
  return undefined;
}
