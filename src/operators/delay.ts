import { Observable, type OperatorFunction } from 'rxjs';
import { checkPositive, checkString } from '../core/check.ts';
import { checkKnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import type { PoolConsumer } from './memory-pool.ts';
import { type HoldOptions, holdOptions } from './window.ts';

/**
 * What `Flow.delay` and `Scope.delay` return: emits each element `milliseconds` after it arrived,
 * in order. Completion waits for the last one; an error does not wait.
 *
 * Holds the waiting elements, with no limit of its own, and each one while the downstream's `next`
 * runs.
 */
export function delay<A>(
  core: FlowCore,
  scope: PoolConsumer,
  milliseconds: number,
  options: HoldOptions<A> = {},
): OperatorFunction<A, A> {
  checkKnownOptions('delay', options, holdOptions);
  checkPositive('milliseconds', milliseconds, { zero: true });
  const name = checkString('name', options.name ?? 'delay');
  const cost = costOfKept(options.cost);
  return (input) =>
    new Observable<A>((out) => {
      const { memoryPool, admission, clock } = core;
      const instance = core.instance(name, 'delay', scope);
      const waiting = new Fifo<{ value: A; due: number }>();
      let callOff: (() => void) | undefined;
      let ended = false;
      /**
       * Elements are being emitted, and may come back through a loop: the timer is set after that.
       */
      let giving = false;
      const arm = (due: number): void => {
        callOff = clock.after(Math.max(0, due - clock.now()), expire);
        // A running timer will move something, so the flow is not stuck.
        admission.begin();
      };
      const disarm = (): void => {
        if (callOff === undefined) return;
        callOff();
        callOff = undefined;
        admission.end();
      };
      const give = (value: A): void => {
        try {
          instance.meter.emit(out, value);
        } finally {
          memoryPool.release(instance, value, cost(value));
        }
      };
      const expire = (): void => {
        disarm();
        giving = true;
        try {
          // A timer may fire a fraction of a millisecond early.
          const now = clock.now() + clock.early;
          for (let it = waiting.peek(); it !== undefined && it.due <= now; it = waiting.peek()) {
            waiting.shift();
            give(it.value);
          }
        } finally {
          giving = false;
        }
        if (out.closed) return;
        const next = waiting.peek();
        if (next !== undefined) arm(next.due);
        else if (ended) out.complete();
      };
      out.add(() => {
        disarm();
        for (let it = waiting.shift(); it !== undefined; it = waiting.shift()) {
          memoryPool.release(instance, it.value, cost(it.value));
        }
        memoryPool.closeInstance(instance);
      });
      connect(input, out, {
        next(value) {
          instance.meter.in++;
          memoryPool.hold(instance, value, cost(value));
          const due = clock.now() + milliseconds;
          waiting.push({ value, due });
          if (callOff === undefined && !giving) arm(due);
        },
        complete() {
          ended = true;
          if (waiting.size === 0 && !giving) out.complete();
        },
      });
    });
}
