import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { checkJson } from '../../src/core/json.ts';

describe('checkJson', () => {
  test('copies JSON as its text would', () => {
    const value = { a: [1, 'x', null, true, { b: 0.5 }], c: undefined, d: Object.create(null) };
    const copy = checkJson('params', value);
    expect(copy).toEqual({ a: [1, 'x', null, true, { b: 0.5 }], d: {} });
    expect(copy).toStrictEqual(JSON.parse(JSON.stringify(value)));
    expect(Object.is(checkJson('params', -0), 0)).toBe(true);
    expect(checkJson('params', runInNewContext('({ a: { b: 1 } })'))).toEqual({ a: { b: 1 } });
  });

  test('names the place of what JSON cannot carry', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const wrong: [unknown, string][] = [
      [{ a: { b: [0, Number.NaN] } }, '`params.a.b[1]` must be JSON, but is NaN'],
      [{ a: Number.POSITIVE_INFINITY }, '`params.a` must be JSON, but is Infinity'],
      [() => 1, '`params` must be JSON, but is a function'],
      [[undefined], '`params[0]` must be JSON, but is undefined'],
      [{ a: 1n }, '`params.a` must be JSON, but is 1'],
      [{ a: Symbol('x') }, '`params.a` must be JSON, but is Symbol(x)'],
      [new Map(), '`params` must be JSON, but is a Map'],
      [{ a: new Float32Array(2) }, '`params.a` must be JSON, but is a Float32Array'],
      [cycle, 'is nested more than 64 levels deep'],
    ];
    for (const [value, message] of wrong) expect(() => checkJson('params', value)).toThrow(message);
  });
});
