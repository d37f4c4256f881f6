import {
  get,
  i32,
  load32Splat,
  load128,
  loop,
  moduleOf,
  pageBytes,
  repeat,
  set,
  started,
  store128,
  type,
} from '../../core/web-assembly.ts';

/** Rows that lie beside each other: the sums of four fit one register. */
export const quad = 4;
/** Rows are padded with zeros to a multiple of this many numbers. */
export const valuesPerRound = 16;

/**
 * Adds products of one vector with four times `quads` rows of int16 to the sums of the rows, and
 * returns how many fours of rows are found: those of which one has a sum that is above `limit` when
 * `reach` times the number of its `tails` is added. Places are byte offsets into the memory.
 *
 * @param rows four lie beside each other: the first two numbers of each, the next two of each, and
 * so on, in `bytes`.
 * @param sums int32, one a row.
 * @param tails float32, one a row.
 * @param found where the numbers of the fours that are found are written, as int32; there must be
 * room for one more.
 */
type Dots = (
  query: number,
  rows: number,
  bytes: number,
  quads: number,
  sums: number,
  tails: number,
  reach: number,
  limit: number,
  found: number,
) => number;

/** Memory for rows of int16, and the products of them. */
export interface DotKernel {
  readonly dots: Dots;
  /** The memory as it is now: another one after it has grown. */
  readonly memory: ArrayBuffer;
  /** Makes it longer, to `bytes` at least. */
  grow(bytes: number): void;
}

/**
 * Memory with the products as WebAssembly with eight numbers per instruction, or in JavaScript
 * where the engine lacks those. Both give the same sums: they are of whole numbers.
 */
export function dotKernel(bytes: number, portable = false): DotKernel {
  const running = portable ? undefined : started(moduleBytes, bytes);
  if (running === undefined) return new PortableKernel(bytes);
  const { memory, exports } = running;
  return {
    dots: exports.dots as Dots,
    get memory() {
      return memory.buffer;
    },
    grow: (wanted) => {
      const missing = wanted - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
    },
  };
}

class PortableKernel implements DotKernel {
  memory: ArrayBuffer;

  constructor(bytes: number) {
    this.memory = new ArrayBuffer(Math.ceil(bytes / pageBytes) * pageBytes);
  }

  readonly dots: Dots = (query, rows, bytes, quads, sums, tails, reach, limit, found) => {
    const [values, whole, real] = [
      new Int16Array(this.memory),
      new Int32Array(this.memory),
      new Float32Array(this.memory),
    ];
    let count = 0;
    for (let four = 0; four < quads; four++) {
      let isFound = false;
      for (let lane = 0; lane < quad; lane++) {
        const row = four * quad + lane;
        let from = (rows + four * bytes) / 2 + 2 * lane;
        let sum = whole[sums / 4 + row] as number;
        for (let at = query / 2; at < query / 2 + bytes / (2 * quad); at += 2) {
          sum += (values[at] as number) * (values[from] as number);
          sum += (values[at + 1] as number) * (values[from + 1] as number);
          from += 2 * quad;
        }
        whole[sums / 4 + row] = sum;
        isFound ||= sum + reach * (real[tails / 4 + row] as number) > limit;
      }
      if (isFound) whole[found / 4 + count++] = four;
    }
    return count;
  };

  grow(wanted: number): void {
    if (wanted <= this.memory.byteLength) return;
    const longer = new ArrayBuffer(Math.ceil(wanted / pageBytes) * pageBytes);
    new Uint8Array(longer).set(new Uint8Array(this.memory));
    this.memory = longer;
  }
}

// The module, instruction by instruction.
const [query, rows, bytes, quads, sums, tails, reach, limit, found] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const [at, pair, four, start, first, second] = [9, 10, 11, 12, 13, 14];
const v128 = {
  zeros: [0xfd, 0x0c, ...new Array<number>(16).fill(0)],
  /** Sums of two products each, of eight numbers. */
  products: [0xfd, 0xba, 0x01],
  addWhole: [0xfd, 0xae, 0x01],
  real: [0xfd, 0xfa, 0x01],
  splat: [0xfd, 0x13],
  multiply: [0xfd, 0xe6, 0x01],
  add: [0xfd, 0xe4, 0x01],
  above: [0xfd, 0x44],
  any: [0xfd, 0x53],
};
const added = (sum: number, place: number) => [
  ...[...get(sum), ...get(pair), ...load32Splat(1, 4 * place)],
  ...[...get(rows), ...get(at), ...i32.add, ...load128(1, 16 * place)],
  ...[...v128.products, ...v128.addWhole, ...set(sum)],
];
const raised = (local: number, by: readonly number[]) => [...get(local), ...by, ...i32.add, ...set(local)];
const isAbove = [
  ...[...get(first), ...v128.real, ...get(tails), ...load128(2), ...get(reach), ...v128.splat],
  ...[...v128.multiply, ...v128.add, ...get(limit), ...v128.splat, ...v128.above, ...v128.any],
];
const code = [
  ...[...get(found), ...set(start)],
  ...repeat(
    [
      ...[...get(sums), ...load128(2), ...set(first), ...v128.zeros, ...set(second)],
      ...[...i32.constant(0), ...set(at), ...get(query), ...set(pair)],
      ...loop(at, bytes, 64, [
        ...[...added(first, 0), ...added(second, 1), ...added(first, 2), ...added(second, 3)],
        ...raised(pair, i32.constant(16)),
      ]),
      ...[...get(first), ...get(second), ...v128.addWhole, ...set(first)],
      ...[...get(sums), ...get(first), ...store128(2)],
      // The place is written in any case, and kept where the next is not written over it.
      ...[...get(found), ...get(four), ...i32.store],
      ...raised(found, [...isAbove, ...i32.constant(4), ...i32.multiply]),
      ...[...raised(rows, get(bytes)), ...raised(sums, i32.constant(16)), ...raised(tails, i32.constant(16))],
      ...raised(four, i32.constant(1)),
    ],
    [...get(four), ...get(quads), ...i32.less],
  ),
  ...[...get(found), ...get(start), ...i32.subtract, ...i32.constant(2), ...i32.shiftRight],
];
const moduleBytes = moduleOf({
  name: 'dots',
  parameters: [...new Array<number>(6).fill(type.i32), type.f32, type.f32, type.i32],
  results: [type.i32],
  locals: [
    [4, type.i32],
    [2, type.v128],
  ],
  code,
});
