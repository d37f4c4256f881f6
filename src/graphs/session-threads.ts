import type { Bytes } from '../operators/payload.ts';

/** How many threads a session has, from how many bytes of weights on. */
export interface ThreadsRule {
  readonly weights: Bytes;
  readonly threads: number;
}

/**
 * Sessions read their weights again for every batch: where many do so side by side, memory is what
 * they wait for, and fewer sessions of more threads share one reading. On machines of fewer than
 * eight cores one thread each is fastest. Set from `node dist/bench/cores.js`, see
 * docs/evidence/devices.md.
 */
const manyCores = 8;
const measured: readonly ThreadsRule[] = [{ weights: 0, threads: 1 }];

/**
 * Threads of a session on the CPU where memory is no reason for more; a whole part of the cores.
 *
 * @param rules - by weights, ascending.
 *
 * @example
 * sessionThreads(100 * 2 ** 20, 16); // 1
 */
export function sessionThreads(weights: Bytes, cores: number, rules: readonly ThreadsRule[] = measured): number {
  if (cores < manyCores) return 1;
  const threads = rules.findLast((rule) => weights >= rule.weights)?.threads ?? 1;
  return Math.min(threads, cores);
}
