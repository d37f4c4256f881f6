import { Observable, type OperatorFunction, Subscriber } from 'rxjs';
import { checkFunction, checkString } from '../core/check.ts';
import { checkKnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import type { PoolConsumer } from './memory-pool.ts';
import { OutsidePartner } from './outside-partner.ts';
import { type HoldOptions, holdOptions } from './window.ts';

/**
 * What `Flow.buffer` and `Scope.buffer` return: gathers elements until `closing` emits, then emits
 * them as one array (empty if there were none), like RxJS `buffer`. When the input ends, the rest
 * is emitted, if there is any. The end of `closing` changes nothing; its error is the output's
 * error.
 *
 * Holds what it gathers, with no limit of its own, and releases it after the downstream's `next`
 * has run. When that fills the budget, the sources wait for `closing` if it moves on its own
 * (`interval(20)`, a promise). If it is built from the flow's own streams, or is a subject, it
 * cannot, and one of the sources fails with `BudgetTooSmallError`.
 */
export function buffer<A>(
  core: FlowCore,
  scope: PoolConsumer,
  closing: Observable<unknown>,
  options: HoldOptions<A> = {},
): OperatorFunction<A, A[]> {
  checkKnownOptions('buffer', options, holdOptions);
  checkFunction('closing.subscribe', (closing as Partial<Observable<unknown>> | undefined)?.subscribe);
  const name = checkString('name', options.name ?? 'buffer');
  const cost = costOfKept(options.cost);
  return (input) =>
    new Observable<A[]>((out) => {
      const { memoryPool } = core;
      const instance = core.instance(name, 'buffer', scope);
      const partner = new OutsidePartner(core.admission);
      let gathered: A[] = [];
      const takeAll = (): A[] => {
        const elements = gathered;
        gathered = [];
        partner.waiting = false;
        return elements;
      };
      const release = (elements: readonly A[]): void => {
        for (const element of elements) memoryPool.release(instance, element, cost(element));
      };
      const emit = (): void => {
        const elements = takeAll();
        try {
          instance.meter.emit(out, elements);
        } finally {
          release(elements);
        }
      };
      out.add(() => {
        release(takeAll());
        memoryPool.closeInstance(instance);
      });
      connect(input, out, {
        next(element) {
          instance.meter.in++;
          memoryPool.hold(instance, element, cost(element));
          gathered.push(element);
          partner.waiting = true;
        },
        complete() {
          if (gathered.length > 0) emit();
          out.complete();
        },
      });
      if (out.closed) return;
      const notifier = new Subscriber<unknown>({
        next: emit,
        error: (error: unknown) => out.error(error),
        complete() {},
      });
      out.add(notifier);
      partner.connect(closing, notifier);
    });
}
