import { expect, it } from 'vitest';
import { closeAll } from '../../src/core/close-all.ts';

it('closes all in order, waits for each, and throws what the first that failed threw', async () => {
  const closed: string[] = [];
  const closing = closeAll(
    async () => {
      await Promise.resolve();
      closed.push('first');
    },
    () => {
      closed.push('second');
      throw new Error('second');
    },
    () => undefined,
    async () => {
      closed.push('fourth');
      throw new Error('fourth');
    },
    () => closed.push('last'),
  );
  await expect(closing).rejects.toThrow('second');
  expect(closed).toEqual(['first', 'second', 'fourth', 'last']);
  await expect(closeAll(() => closed.push('more'))).resolves.toBeUndefined();
});
