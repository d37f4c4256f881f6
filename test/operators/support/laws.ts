import type { Flow } from '../../../src/operators/flow.ts';
import type { Trace } from './random-graph.ts';

/** Every operator's wall time is divided into busy, starved and blocked, and nothing else. */
export function checkClocks(flow: Flow, trace: Trace): void {
  const { wallSeconds, operators } = flow.metrics();
  for (const it of operators) {
    const sum = it.busySeconds + it.starvedSeconds + it.blockedSeconds;
    trace.check(Math.abs(sum - wallSeconds) < 1e-6, `busy + starved + blocked = wall for ${it.name}`);
    const least = Math.min(it.busySeconds, it.starvedSeconds, it.blockedSeconds);
    trace.check(least >= 0, `no negative time for ${it.name}`);
  }
}

/** Orders lists by their first number. */
export function byFirst(a: readonly number[], b: readonly number[]): number {
  return (a[0] ?? 0) - (b[0] ?? 0);
}

/** Whether two values are the same, deeply. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A value in a message. */
export function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}
