import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { Flow } from '../../src/operators/flow.ts';

describe('the pool of a flow', () => {
  it('gives memory of the same length again', () => {
    const { pool } = new Flow(100);
    const first = pool.take(30);
    first[4] = 7;
    pool.give(first);
    expect(pool.idleBytes).toBe(30);
    const second = pool.take(30);
    expect([second.length, second[4]]).toEqual([30, 7]);
    expect([pool.idleBytes, pool.allocations, pool.take(20).length, pool.allocations]).toEqual([0, 1, 20, 2]);
  });

  it('gives the same memory as a new object, so that a view that somebody kept is known from what is read next', () => {
    const { pool } = new Flow(100);
    const kept = pool.take(30);
    pool.give(kept);
    const again = pool.take(30).fill(9);
    expect(pool.allocations).toBe(1);
    expect(again.buffer).not.toBe(kept.buffer);
    expect(kept[0]).toBe(9);
    expect(() => pool.give(kept)).toThrow('twice');
    pool.give(again);
  });

  it('leaves a view of memory that is not shared empty, rather than show what is read next', () => {
    const { pool } = new Flow(100);
    const kept = new Uint8Array(30);
    const part = kept.subarray(3, 9);
    pool.give(kept);
    pool.take(30).fill(9);
    expect([kept.length, part.length, part[0]]).toEqual([0, 0, undefined]);
  });

  it('keeps idle no more than the budget leaves beside what is held', () => {
    const flow = new Flow(100);
    const holder = flow.scope('one').reservation('table');
    for (const buffer of [flow.pool.take(40), flow.pool.take(40), flow.pool.take(40)]) flow.pool.give(buffer);
    expect(flow.pool.idleBytes).toBe(80);
    holder.grow(50);
    expect(flow.pool.idleBytes).toBe(40);
    flow.pool.give(new Uint8Array(11));
    expect(flow.pool.idleBytes).toBe(40);
    flow.pool.give(new Uint8Array(10));
    expect(flow.pool.idleBytes).toBe(50);
    holder.grow(50);
    expect(flow.pool.idleBytes).toBe(0);
  });

  it('lets idle buffers of other lengths go before it allocates above the budget', () => {
    const flow = new Flow(100);
    flow.pool.give(new Uint8Array(60));
    flow.scope('one').reservation('table').grow(40);
    expect(flow.pool.idleBytes).toBe(60);
    expect(flow.pool.take(7)).toHaveLength(7);
    expect(flow.pool.idleBytes).toBe(60);
  });

  it('refuses the same buffer twice and what is not a buffer, and lets a transferred one go', () => {
    const { pool } = new Flow(100);
    const pixels = pool.take(8);
    pool.give(new Float32Array(pixels.buffer));
    expect(() => pool.give(pixels)).toThrow(UsageError);
    expect(() => pool.give(3 as never)).toThrow('`view`');
    expect(() => pool.take(0)).toThrow('`bytes`');
    const gone = new Uint8Array(8);
    structuredClone(gone, { transfer: [gone.buffer] });
    pool.give(gone);
    expect(pool.idleBytes).toBe(8);
  });
});
