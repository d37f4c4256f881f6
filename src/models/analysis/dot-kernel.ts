import { get, i32, load128, loop, moduleOf, pageBytes, repeat, set, started, type } from '../../core/web-assembly.ts';

/**
 * Products of one vector with `count` rows of int16: `query`, `rows` and `out` are byte offsets
 * into the memory, rows are `stride` bytes apart, `bytes` of each are multiplied, and the sums go
 * to `out` as int32.
 */
type Dots = (query: number, rows: number, bytes: number, count: number, stride: number, out: number) => void;

/** Memory for rows of int16, and the products of them. */
export interface DotKernel {
  readonly dots: Dots;
  /** The memory as it is now: another one after it has grown. */
  values(): Int16Array;
  sums(): Int32Array;
  /** Makes it longer, to `bytes` at least. */
  grow(bytes: number): void;
}

/** Rows are padded with zeros to a multiple of this many numbers. */
export const valuesPerRound = 16;

/**
 * Memory with the products as WebAssembly with eight numbers per instruction, or in JavaScript
 * where the engine lacks those. Both give the same sums: they are of whole numbers.
 */
export function dotKernel(bytes: number, portable = false): DotKernel {
  const running = portable ? undefined : started(moduleBytes, bytes);
  if (running === undefined) return portableKernel(bytes);
  const { memory, exports } = running;
  let [values, sums] = [new Int16Array(memory.buffer), new Int32Array(memory.buffer)];
  return {
    dots: exports.dots as Dots,
    values: () => values,
    sums: () => sums,
    grow: (wanted) => {
      if (wanted <= memory.buffer.byteLength) return;
      memory.grow(Math.ceil((wanted - memory.buffer.byteLength) / pageBytes));
      [values, sums] = [new Int16Array(memory.buffer), new Int32Array(memory.buffer)];
    },
  };
}

function portableKernel(bytes: number): DotKernel {
  let values = new Int16Array(Math.ceil(bytes / pageBytes) * (pageBytes / 2));
  const sums = () => new Int32Array(values.buffer);
  return {
    dots: (query, rows, length, count, stride, out) => {
      const into = sums();
      for (let row = 0; row < count; row++) {
        const [from, to] = [(rows + row * stride) / 2, query / 2];
        let sum = 0;
        for (let at = 0; at < length / 2; at++) sum += (values[to + at] as number) * (values[from + at] as number);
        into[out / 4 + row] = sum;
      }
    },
    values: () => values,
    sums,
    grow: (wanted) => {
      if (wanted <= values.byteLength) return;
      const longer = new Int16Array(Math.ceil(wanted / pageBytes) * (pageBytes / 2));
      longer.set(values);
      values = longer;
    },
  };
}

// The module, instruction by instruction.
const [query, rows, bytes, count, stride, out, at, first, second] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const four = { add: [0xfd, 0xae, 0x01], lane: (index: number) => [0xfd, 0x1b, index] };
const zeros = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
/** Sums of two products each, of eight numbers. */
const products = (offset: number) => [
  ...[...get(query), ...get(at), ...i32.add, ...load128(1, offset)],
  ...[...get(rows), ...get(at), ...i32.add, ...load128(1, offset)],
  ...[0xfd, 0xba, 0x01],
];
const raised = (local: number, by: readonly number[]) => [...get(local), ...by, ...i32.add, ...set(local)];
const code = repeat(
  [
    ...[...zeros, ...set(first), ...zeros, ...set(second), ...i32.constant(0), ...set(at)],
    ...loop(at, bytes, 32, [
      ...[...get(first), ...products(0), ...four.add, ...set(first)],
      ...[...get(second), ...products(16), ...four.add, ...set(second)],
    ]),
    ...[...get(first), ...get(second), ...four.add, ...set(first)],
    ...[...get(out), ...get(first), ...four.lane(0)],
    ...[1, 2, 3].flatMap((lane) => [...get(first), ...four.lane(lane), ...i32.add]),
    ...i32.store,
    ...[...raised(rows, get(stride)), ...raised(out, i32.constant(4))],
    ...[...get(count), ...i32.constant(1), ...i32.subtract, ...set(count)],
  ],
  [...i32.constant(0), ...get(count), ...i32.less],
);
const moduleBytes = moduleOf({
  name: 'dots',
  parameters: [type.i32, type.i32, type.i32, type.i32, type.i32, type.i32],
  results: [],
  locals: [
    [1, type.i32],
    [2, type.v128],
  ],
  code,
});
