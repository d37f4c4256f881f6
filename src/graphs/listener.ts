/**
 * Wraps a listener so that its errors cannot harm the run: whatever it throws becomes a process
 * warning (`ReelflowListenerWarning`), once for each message, and the run continues.
 *
 * @example
 * const tell = listener<[number]>('onEvent', (share) => console.log(share));
 * tell(0.5);
 */
export function listener<Values extends unknown[]>(
  name: string,
  listen: ((...values: Values) => void) | undefined,
): (...values: Values) => void {
  if (listen === undefined) return () => {};
  const warned = new Set<string>();
  const warn = (error: unknown): void => {
    const message = `\`${name}\` failed: ${error instanceof Error ? error.message : String(error)}`;
    if (warned.has(message) || warned.size >= 10) return;
    warned.add(message);
    process.emitWarning(message, {
      type: 'ReelflowListenerWarning',
      detail: error instanceof Error ? error.stack : undefined,
    });
  };
  return (...values) => {
    try {
      const given: unknown = listen(...values);
      if (given instanceof Promise) given.catch(warn);
    } catch (error) {
      warn(error);
    }
  };
}
