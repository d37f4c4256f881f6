import { FlowError, ModelError, type ReelflowError } from './errors.ts';
import { systemFault } from './system-fault.ts';

/**
 * The error that ends the run, given an error that occurred while an item was processed; undefined
 * if the item alone is at fault. Only what would affect every item ends a run: a faulty network, a
 * stop, and every fault of the machine, such as an operating-system error that was not attributed
 * to the item. Faults of the item, its bytes, its rows or the code that is run on it, are its own.
 *
 * @example
 * try {
 *   await probe('heat.mp4');
 * } catch (error) {
 *   throw runFault(error) ?? new MediaError('unreadable', 'heat.mp4 cannot be read', { cause: error });
 * }
 */
export function runFault(error: unknown): ReelflowError | undefined {
  const fault = systemFault(error);
  if (fault !== undefined) return fault;
  if (error instanceof ModelError || (error instanceof FlowError && error.code === 'aborted')) return error;
  return undefined;
}
