/**
 * Closes several resources one after another. If one fails, the others are still closed, so that no
 * lock or handle is left behind.
 *
 * @throws the first error, after everything was closed.
 * @example
 * declare const server: AsyncDisposable;
 * declare const store: AsyncDisposable | undefined;
 * await closeAll(() => server[Symbol.asyncDispose](), () => store?.[Symbol.asyncDispose]());
 */
export async function closeAll(...closings: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closings) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
