import { describe, expect, it } from 'vitest';
import { nameOfFeatures } from '../../../src/io/dataset/training-store-path.ts';

describe('the name of features', () => {
  it.each([
    ['reduced/', 'reduced'],
    ['/films/reduced/_training.arrow', 'reduced'],
    ['/films/trailers.arrow', 'trailers.arrow'],
    ['s3://films/reduced/_training.arrow', 'reduced'],
  ])('of %s is %s', (path, name) => {
    expect(nameOfFeatures(path)).toBe(name);
  });
});
