/**
 * Closes several things one after another, all of them whatever becomes of the others: a lock or a
 * handle behind one that fails is released too.
 *
 * @throws what the first that failed threw.
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
