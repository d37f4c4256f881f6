import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import { fitExact } from '../../../src/models/pca/exact.ts';
import type { Pca } from '../../../src/models/pca/fitted-pca.ts';
import { decodePca, encodePca } from '../../../src/models/pca/pca-file.ts';
import { mixedRows, momentsOf } from './helpers.ts';

let model: Pca;
beforeAll(async () => {
  model = await fitExact(await momentsOf(mixedRows(40, 6, 4), 6), { components: 3 });
});

/** The description with some fields changed. */
function changed(json: string, fields: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(json), ...fields });
}

describe('the files of a PCA', () => {
  it('read back to the same PCA and facts', () => {
    const facts = { network: 'alexnet', weightsHash: 'abc', column: 'visual' };
    const { safetensors, json } = encodePca(model, facts);
    expect(decodePca(safetensors, json)).toEqual({ pca: model, facts });
  });

  it('are the same bytes whatever the order of the facts, and carry the curve', () => {
    const one = encodePca(model, { a: '1', b: '2' });
    const two = encodePca(model, { b: '2', a: '1' });
    expect(one.json).toBe(two.json);
    expect(Buffer.compare(one.safetensors, two.safetensors)).toBe(0);
    expect(JSON.parse(one.json).explainedVarianceRatio).toEqual([...model.explainedVarianceRatio]);
  });

  it('do not belong together when a byte of the tensors changed', () => {
    const { safetensors, json } = encodePca(model, {});
    fc.assert(
      fc.property(fc.nat(safetensors.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = safetensors.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect(() => decodePca(damaged, json)).toThrow(ModelError);
      }),
    );
    expect(() => decodePca(safetensors.slice(0, -1), json)).toThrow(/SHA-256/);
  });

  it('are refused with a typed error when the description is cut or changed', () => {
    const { safetensors, json } = encodePca(model, { network: 'alexnet' });
    fc.assert(
      fc.property(fc.nat(json.length - 3), fc.nat(json.length - 1), fc.string({ maxLength: 3 }), (length, at, text) => {
        for (const damaged of [json.slice(0, length), json.slice(0, at) + text + json.slice(at + text.length)]) {
          try {
            expect(decodePca(safetensors, damaged).pca.dimension).toBe(6);
          } catch (error) {
            expect(error).toBeInstanceOf(ModelError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [{ format: 'other' }],
    [{ version: 2 }],
    [{ algorithm: 'svd' }],
    [{ dimension: 7 }],
    [{ dimension: 1e9 }],
    [{ components: 2 }],
    [{ components: 0 }],
    [{ rows: 2 }],
    [{ facts: { a: 1 } }],
    [{ facts: [] }],
    [{ sha256: '' }],
    [{ explainedVarianceRatio: [1, 0, 0] }],
    [{ explainedVarianceRatio: null }],
  ])('are refused when the description says %j', (fields) => {
    const { safetensors, json } = encodePca(model, {});
    expect(() => decodePca(safetensors, changed(json, fields))).toThrow(ModelError);
  });

  it('are refused when the tensors hold NaN, though the hash is right', () => {
    const { safetensors, json } = encodePca({ ...model, mean: new Float32Array(6).fill(Number.NaN) }, {});
    expect(() => decodePca(safetensors, json)).toThrow(/'mean' must be finite, but value 0 is NaN/);
  });

  it('take facts of text only', () => {
    expect(() => encodePca(model, { a: 1 } as unknown as Record<string, string>)).toThrow(UsageError);
  });
});
