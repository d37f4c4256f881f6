import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphId, type Json, unitKey } from '../../src/graphs/graph.ts';

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
  ),
})).value;

/** The same value with the keys of every object in the opposite order. */
function reordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, entry]) => [key, entry === undefined ? undefined : reordered(entry)]),
  );
}

describe('graphId', () => {
  it('does not depend on the order in which parameters were written', () => {
    fc.assert(
      fc.property(json, (params) => {
        const graph = { name: 'g', version: 1, params };
        expect(graphId({ ...graph, params: reordered(params) })).toBe(graphId(graph));
      }),
    );
  });

  it('differs whenever a name, a version or a parameter differs', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        fc.pre(
          JSON.stringify(one) !== JSON.stringify(other) && JSON.stringify(reordered(one)) !== JSON.stringify(other),
        );
        expect(graphId({ name: 'g', version: 1, params: [one] })).not.toBe(
          graphId({ name: 'g', version: 1, params: [one, other] }),
        );
      }),
    );
    const graph = { name: 'g', version: 1, params: {} };
    expect(graphId({ ...graph, version: 2 })).not.toBe(graphId(graph));
    expect(graphId({ ...graph, name: 'h' })).not.toBe(graphId(graph));
    expect(graphId({ ...graph, params: { subclips: [10] } })).not.toBe(
      graphId({ ...graph, params: { subclips: [20] } }),
    );
  });

  it('is 16 hexadecimal digits, and a unit key 64', () => {
    expect(graphId({ name: 'g', version: 1, params: {} })).toMatch(/^[0-9a-f]{16}$/);
    expect(unitKey('g', 'item', 'content')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('a unit key keeps its three parts apart', () => {
    expect(unitKey('a', 'bc', 'd')).not.toBe(unitKey('ab', 'c', 'd'));
    expect(unitKey('a', 'b', 'cd')).not.toBe(unitKey('a', 'bc', 'd'));
  });
});
