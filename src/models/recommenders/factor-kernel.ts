import { get, i32, load128, loop, moduleOf, set, started, type } from '../../core/web-assembly.ts';

/**
 * One step of stochastic gradient descent on a user's vector p and an item's vector q (byte offsets
 * `p` and `q` into the memory, `bytes` long): error = target - p . q, then p = kept p + rate error
 * q and q = kept q + rate error p, both from the old values. Gives the error.
 */
export type FactorStep = (p: number, q: number, bytes: number, target: number, rate: number, kept: number) => number;

/** Memory for vectors of float64 and the step on it. */
export interface FactorKernel {
  readonly values: Float64Array;
  readonly step: FactorStep;
}

/** Vectors are padded with zeros to a multiple of this many numbers. */
export const factorsPerRound = 4;

/**
 * Memory for `length` numbers with the step as WebAssembly with two numbers per instruction, or in
 * JavaScript where the engine lacks those. Both add and multiply in the same order, so they give
 * the same bits.
 */
export function factorKernel(length: number, portable = false): FactorKernel {
  const running = portable ? undefined : started(moduleBytes, 8 * length);
  if (running === undefined) {
    const values = new Float64Array(length);
    return { values, step: portableStep(values) };
  }
  const { memory, exports } = running;
  return { values: new Float64Array(memory.buffer, 0, length), step: exports.step as FactorStep };
}

function portableStep(values: Float64Array): FactorStep {
  return (p, q, bytes, target, rate, kept) => {
    const user = p >>> 3;
    const item = q >>> 3;
    const length = bytes >>> 3;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let at = 0; at < length; at += factorsPerRound) {
      a += (values[user + at] as number) * (values[item + at] as number);
      b += (values[user + at + 1] as number) * (values[item + at + 1] as number);
      c += (values[user + at + 2] as number) * (values[item + at + 2] as number);
      d += (values[user + at + 3] as number) * (values[item + at + 3] as number);
    }
    const error = target - (a + c + (b + d));
    const step = rate * error;
    for (let at = 0; at < length; at++) {
      const ofUser = values[user + at] as number;
      const ofItem = values[item + at] as number;
      values[user + at] = kept * ofUser + step * ofItem;
      values[item + at] = kept * ofItem + step * ofUser;
    }
    return error;
  };
}

// The module, instruction by instruction.
const [p, q, bytes, target, rate, kept, at, first, second, steps, keeps, ofUser, ofItem, error] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
];
const f64 = { add: [0xa0], subtract: [0xa1], multiply: [0xa2] };
const pair = {
  load: (offset = 0) => load128(3, offset),
  store: [0xfd, 0x0b, 3, 0],
  splat: [0xfd, 0x14],
  lane: (index: number) => [0xfd, 0x21, index],
  add: [0xfd, 0xf0, 0x01],
  multiply: [0xfd, 0xf2, 0x01],
};
const address = (vector: number) => [...get(vector), ...get(at), ...i32.add];
const product = (offset: number) => [
  ...address(p),
  ...pair.load(offset),
  ...address(q),
  ...pair.load(offset),
  ...pair.multiply,
];
/** keeps * one + steps * other */
const moved = (one: number, other: number) => [
  ...[...get(keeps), ...get(one), ...pair.multiply],
  ...[...get(steps), ...get(other), ...pair.multiply],
  ...pair.add,
];
const code = [
  ...loop(at, bytes, 32, [
    ...[...get(first), ...product(0), ...pair.add, ...set(first)],
    ...[...get(second), ...product(16), ...pair.add, ...set(second)],
  ]),
  ...[...get(first), ...get(second), ...pair.add, ...set(first)],
  ...[...get(target), ...get(first), ...pair.lane(0), ...get(first), ...pair.lane(1), ...f64.add],
  ...[...f64.subtract, ...set(error)],
  ...[...get(rate), ...get(error), ...f64.multiply, ...pair.splat, ...set(steps)],
  ...[...get(kept), ...pair.splat, ...set(keeps)],
  ...[...i32.constant(0), ...set(at)],
  ...loop(at, bytes, 16, [
    ...[...address(p), ...pair.load(), ...set(ofUser), ...address(q), ...pair.load(), ...set(ofItem)],
    ...[...address(p), ...moved(ofUser, ofItem), ...pair.store],
    ...[...address(q), ...moved(ofItem, ofUser), ...pair.store],
  ]),
  ...get(error),
];

const moduleBytes = moduleOf({
  name: 'step',
  parameters: [type.i32, type.i32, type.i32, type.f64, type.f64, type.f64],
  results: [type.f64],
  locals: [
    [1, type.i32],
    [6, type.v128],
    [1, type.f64],
  ],
  code,
});
