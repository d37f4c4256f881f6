import { type Observable, Subscriber } from 'rxjs';

/**
 * Subscribes an operator to its input: an error thrown by `next` or `complete` becomes the error of
 * the output, as in RxJS's own operators, and the input is unsubscribed with the output, even while
 * it is still emitting synchronously.
 */
export function connect<A, B>(
  input: Observable<A>,
  output: Subscriber<B>,
  handlers: { next: (value: A) => void; complete: () => void },
): void {
  const inner = new Subscriber<A>({
    next(value) {
      try {
        handlers.next(value);
      } catch (error) {
        output.error(error);
      }
    },
    error: (error: unknown) => output.error(error),
    complete() {
      try {
        handlers.complete();
      } catch (error) {
        output.error(error);
      }
    },
  });
  output.add(inner);
  input.subscribe(inner);
}
