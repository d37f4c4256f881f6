let offset = 0;
const RealDate = Date;

/**
 * Sets this process's clock wrong, as somebody who turns the machine's would: every `Date` from now
 * on is ahead of the right time by `milliseconds`. Timers and the clock of the file system
 * are not, as on a real machine.
 */
export function shiftClock(milliseconds: number): void {
  offset = milliseconds;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [target.now() + offset] : given, newTarget) as Date,
    get: (target, name) => (name === 'now' ? () => target.now() + offset : Reflect.get(target, name)),
  });
}
