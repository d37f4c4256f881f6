/** Milliseconds that a server has for what it is told at the end. */
const PATIENCE = 10_000;

/**
 * Waits for what a queue's server is told when nothing more is wanted of it, and not for a server
 * that is silent: whoever is told to end, ends. What was not said then is said by the dataset.
 *
 * @param cut ends the connections without a word.
 */
export async function farewell(told: Promise<unknown>, cut: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<'enough'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, 'enough');
  });
  try {
    if ((await Promise.race([told, enough])) === 'enough') cut();
  } finally {
    clearTimeout(timer);
    told.catch(() => undefined);
  }
}
