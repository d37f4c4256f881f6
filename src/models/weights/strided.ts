import { pieceBytes, type Refuse, type WeightBytes } from './source-file.ts';

/**
 * How a tensor's elements are laid out in its storage. In elements, except `width`: bytes per
 * element.
 */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly width: number;
}

/**
 * Bytes of output gathered in one pass over the storage, if the elements are not in order there.
 */
const blockBytes = 16 * pieceBytes;
const axisLimit = 64;

/** Strides of a tensor whose last axis is contiguous. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * Math.max(shape[axis + 1] as number, 1);
  }
  return strides;
}

/**
 * The number of elements of a shape, or undefined when it is not a shape: at most 64 axes of at
 * least 0, and a product that is a safe integer.
 */
export function elementCount(shape: readonly number[]): number | undefined {
  if (shape.length > axisLimit || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return undefined;
  const elements = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  return Number.isSafeInteger(elements) ? elements : undefined;
}

/**
 * Checks that every element of a view is inside a storage of `available` elements, and that no two
 * elements coincide: a view that repeats elements can claim any number of values.
 *
 * @returns the number of elements.
 * @throws the error from `refuse` if the shape, strides or offset do not fit.
 */
export function checkView(view: StridedView, name: string, available: number, refuse: Refuse): number {
  const { shape, strides, offset, width } = view;
  const elements = elementCount(shape);
  if (elements === undefined || !Number.isSafeInteger(elements * width)) {
    throw refuse(`gives tensor '${name}' an invalid shape: [${shape.slice(0, 8)}]`);
  }
  const whole = [offset, ...strides].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!whole || strides.length !== shape.length) {
    throw refuse(`gives tensor '${name}' of [${shape}] the strides [${strides.slice(0, 8)}] from element ${offset}`);
  }
  if (elements === 0) return 0;
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] as number), offset);
  if (!(last < available)) {
    throw refuse(
      `has tensor '${name}' of [${shape}], strides [${strides}], end at element ${last} of a storage of ${available}`,
    );
  }
  let span = 1;
  for (const { size, stride } of [...axesOf(view)].reverse()) {
    if (stride < span) {
      throw refuse(`has tensor '${name}' of [${shape}] repeat elements of its storage (strides [${strides}])`, {
        remedy: 'Save a copy: tensor.clone() (or tensor.contiguous()) before torch.save.',
      });
    }
    span = stride * size;
  }
  return elements;
}

/** The axes with more than one element, in storage order: largest strides first. */
function axesOf({ shape, strides }: StridedView): { size: number; stride: number; target: number }[] {
  const targets = rowMajor(shape);
  return shape
    .map((size, axis) => ({ size, stride: strides[axis] as number, target: targets[axis] as number }))
    .filter(({ size }) => size > 1)
    .sort((a, b) => b.stride - a.stride);
}

/**
 * The elements of a checked view in row-major order, at most 1 MiB at a time. A contiguous view is
 * read straight from the file. Any other is gathered in blocks of at most 16 MiB, each in one pass
 * over the part of the storage that contains it, so a transposed tensor costs one pass per 16 MiB.
 */
export function* stridedPieces(bytes: WeightBytes, view: StridedView, elements: number): Generator<Uint8Array> {
  const { shape, strides, offset, width } = view;
  if (elements === 0) return;
  const expected = rowMajor(shape);
  if (shape.every((size, axis) => size === 1 || strides[axis] === expected[axis])) {
    yield* bytes.pieces(offset * width, (offset + elements) * width);
    return;
  }
  const block = new Uint8Array(Math.min(blockBytes, elements * width));
  for (const box of boxes(view)) {
    const count = box.shape.reduce((product, size) => product * size, 1);
    gather(bytes, box, block);
    for (let start = 0; start < count * width; start += pieceBytes) {
      yield block.subarray(start, Math.min(start + pieceBytes, count * width));
    }
  }
}

/** Cuts a view into boxes of at most 16 MiB that follow one another in row-major order. */
function* boxes(view: StridedView): Generator<StridedView> {
  const { shape, strides, width } = view;
  let axis = shape.length;
  let inner = width;
  while (axis > 0 && inner * (shape[axis - 1] as number) <= blockBytes) inner *= shape[--axis] as number;
  if (axis === 0) {
    yield view;
    return;
  }
  const cut = axis - 1;
  const run = Math.floor(blockBytes / inner);
  const outer = shape.slice(0, cut);
  const rounds = outer.reduce((product, size) => product * size, 1);
  for (let round = 0; round < rounds; round++) {
    let rest = round;
    let { offset } = view;
    for (let each = cut - 1; each >= 0; each--) {
      const size = outer[each] as number;
      offset += (rest % size) * (strides[each] as number);
      rest = Math.floor(rest / size);
    }
    for (let start = 0; start < (shape[cut] as number); start += run) {
      const count = Math.min(run, (shape[cut] as number) - start);
      const from = offset + start * (strides[cut] as number);
      yield { shape: [count, ...shape.slice(axis)], strides: strides.slice(cut), offset: from, width };
    }
  }
}

/** Copies a box into `target` in row-major order, reading its storage once, forwards. */
function gather(bytes: WeightBytes, view: StridedView, target: Uint8Array): void {
  const { offset, width } = view;
  const axes = axesOf(view);
  const last = axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, offset);
  const reader = new ForwardReader(bytes.pieces(offset * width, (last + 1) * width), offset * width);
  const { size, stride, target: step } = axes.pop() ?? { size: 1, stride: 1, target: 1 };
  const indices = new Array<number>(axes.length).fill(0);
  let from = offset;
  let to = 0;
  try {
    for (;;) {
      if (stride === 1 && step === 1) reader.copy(from * width, target, to * width, size * width);
      else {
        for (let index = 0; index < size; index++) {
          reader.copy((from + index * stride) * width, target, (to + index * step) * width, width);
        }
      }
      let axis = axes.length - 1;
      for (; axis >= 0; axis--) {
        const each = axes[axis] as (typeof axes)[number];
        const index = (indices[axis] as number) + 1;
        from += each.stride;
        to += each.target;
        indices[axis] = index;
        if (index < each.size) break;
        from -= index * each.stride;
        to -= index * each.target;
        indices[axis] = 0;
      }
      if (axis < 0) return;
    }
  } finally {
    reader.close();
  }
}

/** Random access that only moves forwards through pieces. */
class ForwardReader {
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #start: number;

  constructor(pieces: Iterable<Uint8Array>, start: number) {
    this.#pieces = pieces[Symbol.iterator]();
    this.#start = start;
  }

  copy(position: number, target: Uint8Array, to: number, length: number): void {
    for (let done = 0; done < length; ) {
      let index = position + done - this.#start;
      while (index >= this.#piece.byteLength) {
        this.#start += this.#piece.byteLength;
        index -= this.#piece.byteLength;
        const next = this.#pieces.next();
        if (next.done) throw new RangeError('the pieces of a storage ended before its last element');
        this.#piece = next.value;
      }
      const count = Math.min(length - done, this.#piece.byteLength - index);
      if (count > 16) target.set(this.#piece.subarray(index, index + count), to + done);
      else {
        for (let byte = 0; byte < count; byte++) target[to + done + byte] = this.#piece[index + byte] as number;
      }
      done += count;
    }
  }

  close(): void {
    this.#pieces.return?.();
  }
}
