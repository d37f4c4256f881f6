import { Observable } from 'rxjs';
import { FlowError } from './errors.ts';

/**
 * Ends `source` with FlowError `aborted` as soon as `signal` is aborted, whatever it is waiting for
 * at that moment.
 */
export function abortable<T>(source: Observable<T>, signal: AbortSignal | undefined, what: string): Observable<T> {
  if (signal === undefined) return source;
  return new Observable<T>((out) => {
    const abort = (): void => out.error(new FlowError('aborted', `${what} was aborted`, { cause: signal.reason }));
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    out.add(() => signal.removeEventListener('abort', abort));
    out.add(source.subscribe(out));
  });
}
