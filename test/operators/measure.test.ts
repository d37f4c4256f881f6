import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/operators/measure.ts';
import { Block } from './support/elements.ts';

describe('the bytes that an element counts by default', () => {
  it.each<[string, unknown, number]>([
    ['a number: its place in a queue', 7, 64 + 8],
    ['a name', 'trailer', 64 + 8 + 14],
    ['an object: its place and its record', {}, 64 + 80 + 64],
    ['a row', { id: 'ab', value: 3 }, 144 + 64 + 8 + 4],
    ['an array', [1, 2, 3], 144 + 16 + 24],
    ['a short vector', new Float32Array(2), 144 + 192 + 8],
    ['a map', new Map([['a', 1]]), 144 + 64 + 10 + 8],
    ['a payload: its bytes', new Block(0, 500), 500],
    ['a payload in an object', { a: [new Block(0, 500)], b: 1 }, 144 + 64 + 16 + 500],
    ['what states its bytes', { byteLength: 1000, name: 'stated' }, 144 + 1000],
    ['what states its bytes, a payload among them', { byteLength: 600, block: new Block(0, 500) }, 144 + 600],
  ])('of %s', (_what, value, bytes) => {
    expect(bytesOf(value)).toBe(bytes);
  });
});
