// @ts-check
// JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects this thread's garbage now, instead of when its heap has grown a lot. Does nothing in a
 * runtime without a way to request it.
 */
export function collectGarbage() {
  setFlagsFromString('--expose-gc');
  runInNewContext("typeof gc === 'function' ? gc : undefined")?.();
}
