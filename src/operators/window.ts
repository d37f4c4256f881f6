import { Observable, type OperatorFunction } from 'rxjs';
import { checkInteger, checkString } from '../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import type { PoolConsumer } from './memory-pool.ts';
import type { Bytes } from './payload.ts';

/** How a window, buffer, zip or delay is named and counts its elements. */
export interface HoldOptions<A> {
  /** Name in metrics and errors; default the name of the operator. */
  readonly name?: string | undefined;
  /** Bytes an element that is not a payload keeps alive; default `bytesOf`. */
  readonly cost?: ((value: A) => Bytes) | undefined;
}

/** The options of `buffer` and `delay`. */
export const holdOptions: KnownOptions<HoldOptions<never>> = { name: true, cost: true };

/** How `window` works. */
export interface WindowOptions<A> extends HoldOptions<A> {
  /**
   * Elements from the start of one window to the start of the next; default `size`. If smaller,
   * windows overlap; if larger, elements in between are left out.
   */
  readonly step?: number | undefined;
}

/** The options of `window`. */
export const windowOptions: KnownOptions<WindowOptions<never>> = { ...holdOptions, step: true };

/**
 * What `Flow.window` and `Scope.window` return: arrays of `size` consecutive elements, and at the
 * end one shorter array of elements that were in none yet.
 *
 * Holds the elements of the window being gathered. They are released after the downstream's `next`
 * has run, so keep the array only in another holding operator. Unsubscribing and errors release all
 * of them at once.
 */
export function window<A>(
  core: FlowCore,
  scope: PoolConsumer,
  size: number,
  options: WindowOptions<A> = {},
): OperatorFunction<A, A[]> {
  checkKnownOptions('window', options, windowOptions);
  checkInteger('size', size);
  const step = checkInteger('step', options.step ?? size);
  const name = checkString('name', options.name ?? 'window');
  const cost = costOfKept(options.cost);
  return (input) =>
    new Observable<A[]>((out) => {
      const { memoryPool } = core;
      const instance = core.instance(name, 'window', scope);
      let gathered: A[] = [];
      /** Elements to leave out before the next window. */
      let skip = 0;
      /** The most recently gathered elements that were in no window yet. */
      let fresh = 0;
      const release = (elements: readonly A[]): void => {
        for (const element of elements) memoryPool.release(instance, element, cost(element));
      };
      const emit = (): void => {
        const elements = gathered;
        gathered = elements.slice(step);
        skip = Math.max(0, step - elements.length);
        fresh = 0;
        try {
          instance.meter.emit(out, elements);
        } finally {
          release(elements.slice(0, step));
        }
      };
      out.add(() => {
        const elements = gathered;
        gathered = [];
        release(elements);
        memoryPool.closeInstance(instance);
      });
      connect(input, out, {
        next(element) {
          instance.meter.in++;
          if (skip > 0) {
            skip--;
            return;
          }
          memoryPool.hold(instance, element, cost(element));
          gathered.push(element);
          fresh++;
          if (gathered.length === size) emit();
        },
        complete() {
          if (fresh > 0) emit();
          out.complete();
        },
      });
    });
}
