/**
 * Waits for a connection to close, or for a last message to its server, but only for a limited
 * time, so that a silent server does not keep a process alive.
 *
 * @param milliseconds - the limit.
 * @param cut - ends the connection once the limit has passed.
 * @throws whatever `told` is rejected with within the limit.
 */
export async function farewell(told: Promise<unknown>, milliseconds: number, cut?: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<'enough'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'enough');
  });
  try {
    if ((await Promise.race([told, enough])) === 'enough') cut?.();
  } finally {
    clearTimeout(timer);
    told.catch(() => undefined);
  }
}
