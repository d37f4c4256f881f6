/** Milliseconds after a second interrupt. */
const STOP_WITHIN = 5000;

/**
 * A signal that Ctrl-C (SIGINT) or SIGTERM aborts; a second one ends the process in any case.
 *
 * @example
 * const interrupt = stopOnInterrupt(() => console.error('stopping'));
 */
export function stopOnInterrupt(say: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      setTimeout(() => process.exit(130), STOP_WITHIN).unref();
      return;
    }
    say();
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
