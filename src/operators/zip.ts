import { Observable, type OperatorFunction } from 'rxjs';
import { checkFunction, checkString } from '../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import type { PoolConsumer } from './memory-pool.ts';
import { OutsidePartner } from './outside-partner.ts';
import type { Bytes } from './payload.ts';

/** How `zip` is named and counts its elements. */
export interface ZipOptions<A, B> {
  /** Name in metrics and errors; default `zip`. */
  readonly name?: string | undefined;
  /** Bytes that an element of the input keeps alive if it is not a payload; default `bytesOf`. */
  readonly cost?: ((value: A) => Bytes) | undefined;
  /** The same for an element of `other`. */
  readonly otherCost?: ((value: B) => Bytes) | undefined;
}

/** One side of a zip: what has arrived and has no partner yet. */
interface Side<T> {
  readonly waiting: Fifo<{ value: T }>;
  readonly cost: (value: T) => Bytes;
  ended: boolean;
}

/** The options of `zip`. */
export const zipOptions: KnownOptions<ZipOptions<never, never>> = { name: true, cost: true, otherCost: true };

/**
 * What `Flow.zip` and `Scope.zip` return: pairs the n-th element of the input with the n-th of
 * `other`. Completes when one of the two has ended and has no waiting elements.
 *
 * Holds the elements waiting for a partner, on either side and with no limit of its own, and each
 * pair while the downstream's `next` runs. When the sides drift apart further than the budget
 * allows, their sources wait for `other` if it moves on its own (`interval(40)`, a promise);
 * otherwise they are stuck, and one of them fails with `BudgetTooSmallError`.
 */
export function zip<A, B>(
  core: FlowCore,
  scope: PoolConsumer,
  other: Observable<B>,
  options: ZipOptions<A, B> = {},
): OperatorFunction<A, [A, B]> {
  checkKnownOptions('zip', options, zipOptions);
  checkFunction('other.subscribe', (other as Partial<Observable<B>> | undefined)?.subscribe);
  const name = checkString('name', options.name ?? 'zip');
  const costs = [costOfKept(options.cost), costOfKept(options.otherCost)] as const;
  return (input) =>
    new Observable<[A, B]>((out) => {
      const { memoryPool } = core;
      const instance = core.instance(name, 'zip', scope);
      const left: Side<A> = { waiting: new Fifo(), cost: costs[0], ended: false };
      const partner = new OutsidePartner(core.admission);
      const right: Side<B> = { waiting: new Fifo(), cost: costs[1], ended: false };
      const exhausted = (side: { waiting: { size: number }; ended: boolean }): boolean =>
        side.ended && side.waiting.size === 0;
      const empty = <T>(it: Side<T>): void => {
        for (let next = it.waiting.shift(); next !== undefined; next = it.waiting.shift()) {
          memoryPool.release(instance, next.value, it.cost(next.value));
        }
      };
      const update = (): void => {
        partner.waiting = left.waiting.size > 0;
      };
      const pair = (): void => {
        if (left.waiting.size > 0 && right.waiting.size > 0) {
          const { value: a } = left.waiting.shift() as { value: A };
          const { value: b } = right.waiting.shift() as { value: B };
          update();
          try {
            instance.meter.emit(out, [a, b] as [A, B]);
          } finally {
            memoryPool.release(instance, a, left.cost(a));
            memoryPool.release(instance, b, right.cost(b));
          }
        }
        if (exhausted(left) || exhausted(right)) out.complete();
      };
      const take = <T>(it: Side<T>) => ({
        next(value: T): void {
          instance.meter.in++;
          memoryPool.hold(instance, value, it.cost(value));
          it.waiting.push({ value });
          update();
          pair();
        },
        complete(): void {
          it.ended = true;
          if (exhausted(it)) out.complete();
        },
      });
      out.add(() => {
        partner.end();
        empty(left);
        empty(right);
        memoryPool.closeInstance(instance);
      });
      connect(input, out, take(left));
      if (out.closed) return;
      connect(new Observable<B>((subscriber) => partner.connect(other, subscriber)), out, take(right));
    });
}
