import { expect, test } from 'vitest';
import { farewell } from '../../src/io/farewell.ts';

test('a connection that closes is waited for, and not cut', async () => {
  const said: string[] = [];
  const told = new Promise((resolve) => setTimeout(resolve, 20)).then(() => void said.push('closed'));
  await farewell(told, 600_000, () => void said.push('cut'));
  expect(said).toEqual(['closed']);
});

test('one that is silent is cut', async () => {
  const said: string[] = [];
  await farewell(new Promise(() => {}), 1, () => void said.push('cut'));
  expect(said).toEqual(['cut']);
});

test('one that cannot close in time says why', async () => {
  await expect(farewell(Promise.reject(new Error('it is gone')), 600_000)).rejects.toThrow('it is gone');
});
