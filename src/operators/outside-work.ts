import { createHook } from 'node:async_hooks';

/**
 * What Node starts for its own bookkeeping, or this flow for its sources: not evidence that
 * anything will come from outside.
 */
const INTERNAL = new Set(['Microtask', 'TickObject']);

/**
 * Runs a function and returns whether it started asynchronous work of its own: a timer, a promise,
 * a request. That is how a flow knows that `interval(20)` will emit on its own, while a stream
 * built from its own sources will not.
 */
export function startsWork(run: () => void): boolean {
  let started = false;
  const hook = createHook({
    init(_id, type) {
      if (!INTERNAL.has(type)) started = true;
    },
  }).enable();
  try {
    run();
  } finally {
    hook.disable();
  }
  return started;
}
