import { describe, expect, it } from 'vitest';
import { checkInteger, checkOneOf } from '../../src/core/check.ts';

describe('a refused option', () => {
  it('is named by the error as the library names it', () => {
    expect(() => checkInteger('batch', 0)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'usage', option: 'batch' }),
    );
    expect(() => checkOneOf('precision', 'int4', ['float32', 'int8'])).toThrow(
      expect.objectContaining({ option: 'precision' }),
    );
  });

  it('is not named where a part of it is at fault', () => {
    expect(() => checkInteger('plateau.patience', 0)).toThrow(expect.objectContaining({ option: undefined }));
  });
});
