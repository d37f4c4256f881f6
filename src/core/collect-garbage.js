// @ts-check
// JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects the garbage of this thread now, which it would otherwise do only once its heap has grown
 * by much. Does nothing in a runtime that cannot be told to.
 */
export function collectGarbage() {
  setFlagsFromString('--expose-gc');
  runInNewContext("typeof gc === 'function' ? gc : undefined")?.();
}
