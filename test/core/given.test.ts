import { expect, it } from 'vitest';
import { given } from '../../src/core/given.ts';

it('options that are undefined are as if they were left out', () => {
  const options: { readonly k?: number | undefined; readonly name?: string | undefined } = {
    k: undefined,
    name: 'svd',
  };
  expect({ k: 40, name: 'knn', ...given(options) }).toEqual({ k: 40, name: 'svd' });
  expect(Object.keys(given(options))).toEqual(['name']);
});
