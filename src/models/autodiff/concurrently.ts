import { checkInteger } from '../../core/check.ts';

/**
 * Runs tasks side by side, at most `limit` at a time: folds or grid points, each training in a
 * thread of its own. Results are in the order of the tasks. When one fails, no other is started,
 * and the failure is thrown once those that run have ended.
 *
 * @throws UsageError when `limit` is not a positive integer.
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
