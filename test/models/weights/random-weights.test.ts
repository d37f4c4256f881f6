import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import { parseRandomWeights, randomTensor, randomWeightsHash } from '../../../src/models/weights/random-weights.ts';
import { valuesOf } from '../networks/helpers.ts';

const hashOf = (values: Float32Array) => createHash('sha256').update(values).digest('hex');

describe('random weights', () => {
  it('are the same bytes on every machine', () => {
    expect(hashOf(valuesOf(randomTensor(1, 'features.0.weight', [64, 3, 11, 11], 363)))).toBe(
      '4137674ccbef054d01421fe784f2062a60118af3070045df0343214818031ae3',
    );
    expect(hashOf(valuesOf(randomTensor(1, 'features.0.bias', [64], 'bias')))).toBe(
      '467463a780ea00735372632d0ac96c6879c94c92c1ab90375ddefb48c9558510',
    );
  });

  it('have mean 0 and variance 2 / fan-in, inside +-sqrt(6 / fan-in)', () => {
    const values = valuesOf(randomTensor(7, 'layer', [300, 1000], 1000));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(5e-4);
    expect(variance).toBeGreaterThan(0.98 * 0.002);
    expect(variance).toBeLessThan(1.02 * 0.002);
    expect(Math.max(...values.subarray(0, 100_000))).toBeLessThanOrEqual(Math.sqrt(6 / 1000));
  });

  it('differ by seed and by name', () => {
    const hashes = [randomTensor(1, 'a', [9], 3), randomTensor(2, 'a', [9], 3), randomTensor(1, 'b', [9], 3)].map(
      (tensor) => hashOf(valuesOf(tensor)),
    );
    expect(new Set(hashes).size).toBe(3);
  });

  it('are identified by seed, names and shapes', () => {
    const tensors = [{ name: 'a', shape: [2, 3] }];
    expect(randomWeightsHash(1, tensors)).toBe(randomWeightsHash(1, tensors));
    expect(randomWeightsHash(2, tensors)).not.toBe(randomWeightsHash(1, tensors));
    expect(randomWeightsHash(1, [{ name: 'a', shape: [3, 2] }])).not.toBe(randomWeightsHash(1, tensors));
  });

  it('refuse an empty shape', () => {
    expect(() => randomTensor(1, 'a', [0, 3], 3)).toThrow(UsageError);
  });
});

describe('the name of random weights', () => {
  it('is random:SEED', () => {
    expect(parseRandomWeights('random:42')).toBe(42);
  });

  it.each(['alexnet.pth', 'random:', 'random:-1', 'random:1.5', 'random:4294967296', 'Random:1', ''])(
    'is not %j; the error says what works',
    (weights) => {
      expect(() => parseRandomWeights(weights)).toThrow(ModelError);
      expect(() => parseRandomWeights(weights)).toThrow(/random:SEED/);
    },
  );
});
