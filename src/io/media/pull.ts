import type { Observable } from 'rxjs';
import { Flow, type Scope } from '../../operators/flow.ts';
import type { Payload } from '../../operators/payload.ts';

/** Bytes between the decoder and the loop; a single larger element is admitted nevertheless. */
const BUDGET = 16 * 2 ** 20;

/**
 * A decoder's elements one at a time, on demand: nothing is decoded more than 16 MiB ahead of the
 * loop. An element is valid until the next one is requested: copy what you want to keep. Leaving
 * the loop, also by an error, ends the decoder.
 *
 * @throws what `decode` throws, at once; while looping, the decoder's error.
 */
export function pulled<T extends Payload>(
  name: string,
  decode: (scope: Scope) => Observable<T>,
): AsyncGenerator<T, void, undefined> {
  const scope = new Flow(BUDGET).scope(name);
  return elementsOf(decode(scope), scope);
}

async function* elementsOf<T>(decoded: Observable<T>, scope: Scope): AsyncGenerator<T, void, undefined> {
  const hand = new Hand<T>();
  const stream = decoded.pipe(scope.mapAsync((element: T) => hand.give(element), { name: 'pull', concurrency: 1 }));
  const subscription = stream.subscribe({ error: (error) => hand.fail(error), complete: () => hand.end() });
  try {
    for (let element = await hand.take(); element !== undefined; element = await hand.take()) yield element;
  } finally {
    hand.release();
    subscription.unsubscribe();
  }
}

/** Hands one element at a time from the decoder to the loop. */
class Hand<T> {
  #offered: { readonly element: T; readonly taken: () => void } | undefined;
  #release: (() => void) | undefined;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Resolves when the element is no longer in use. */
  give(element: T): Promise<void> {
    return new Promise((taken) => {
      this.#offered = { element, taken };
      this.#wake?.();
    });
  }

  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** Gives back the last element and resolves to the next one; undefined at the end. */
  async take(): Promise<T | undefined> {
    this.release();
    while (this.#offered === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const offered = this.#offered;
    if (offered !== undefined) {
      this.#offered = undefined;
      this.#release = offered.taken;
      return offered.element;
    }
    if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
    return undefined;
  }

  /** Gives the last element back. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
