/**
 * Waits for a connection to close, or for what its server is told at the end, for so long as one
 * that is silent may be waited for: whoever is told to end, ends.
 *
 * @param milliseconds how long that is.
 * @param cut ends the connection without a word when it was too long.
 * @throws what `told` is rejected with in time.
 */
export async function farewell(
  told: Promise<unknown>,
  milliseconds: number,
  cut?: () => Promise<unknown>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<'enough'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'enough');
  });
  try {
    if ((await Promise.race([told, enough])) === 'enough') cut?.().catch(() => undefined);
  } finally {
    clearTimeout(timer);
    told.catch(() => undefined);
  }
}
