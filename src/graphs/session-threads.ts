import type { Bytes } from '../operators/payload.ts';

/** The threads of a session, and the size of the weights from which this number applies. */
export interface ThreadsRule {
  readonly weights: Bytes;
  readonly threads: number;
}

/**
 * A session reads its weights again for every batch. When many do so side by side they wait for
 * memory, and fewer sessions with more threads share each pass over the weights. On machines with
 * fewer than eight cores one thread each is fastest. Set from `node dist/bench/cores.js`, see
 * docs/evidence/devices.md.
 */
const manyCores = 8;
const measured: readonly ThreadsRule[] = [{ weights: 0, threads: 1 }];

/**
 * Threads of a session on the CPU if memory does not call for more; the number divides the cores.
 *
 * @param rules - in ascending order of weights.
 *
 * @example
 * sessionThreads(100 * 2 ** 20, 16); // 1
 */
export function sessionThreads(weights: Bytes, cores: number, rules: readonly ThreadsRule[] = measured): number {
  if (cores < manyCores) return 1;
  const threads = rules.findLast((rule) => weights >= rule.weights)?.threads ?? 1;
  return Math.min(threads, cores);
}
