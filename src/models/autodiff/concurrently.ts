import { checkInteger } from '../../core/check.ts';

/**
 * Runs tasks concurrently, at most `limit` at a time: folds or grid points, each training in its
 * own thread. Results are in the order of the tasks. If one fails, no other is started, and the
 * failure is thrown once the running ones have ended.
 *
 * @throws UsageError if `limit` is not a positive integer.
 */
export async function concurrently<T>(tasks: readonly (() => Promise<T>)[], limit: number): Promise<T[]> {
  checkInteger('limit', limit);
  const results: T[] = new Array(tasks.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (next < tasks.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await (tasks[index] as () => Promise<T>)();
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
