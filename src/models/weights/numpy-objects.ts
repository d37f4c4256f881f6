import { type NumpyLayout, numpyTypes } from './numpy-tensor.ts';
import { isSizes, PickleGlobal, PickleTuple } from './pickle-values.ts';
import type { Refuse } from './source-file.ts';
import type { WeightType } from './weight-tensor.ts';

/** NumPy 2 moved its modules from `numpy.core` to `numpy._core`. */
const functionName = /^numpy\._?core\.multiarray\.(_reconstruct|scalar)$/;
const names = new Set(['numpy.ndarray', 'numpy.dtype', '_codecs.encode', '__builtin__.bytes']);
const byteOrders = new Set(['<', '>', '|', '=']);
const dtypeVersion = 3;
const arrayVersion = 1;
/** The remedy for arrays of anything but plain numbers. */
const arrayRemedy =
  "Save plain numbers as tensors: torch.save({name: torch.from_numpy(array.astype('float32'))}, 'weights.pth'), or numpy.savez(path, name=array).";

/**
 * Limit on the characters that a pickle may turn into bytes in total: it can pass the same text to
 * every call.
 */
const latin1Limit = 16 * 1024 * 1024;

/**
 * A dtype in a pickle. Its state, which contains the byte order, follows its creation, and arrays
 * may share it.
 */
class NumpyType {
  bigEndian = false;
  /** Why arrays of this type cannot be read. */
  refusal: string | undefined;

  /** @param type - undefined if it is not a plain number. */
  constructor(
    readonly type: WeightType | undefined,
    readonly name: string,
  ) {
    if (type === undefined) this.refusal = refusalOf(name);
  }
}

function refusalOf(name: string): string {
  return name.startsWith('O')
    ? 'keeps Python objects in a NumPy array; nothing was executed'
    : `has a NumPy array of the type '${name.slice(0, 40)}'`;
}

/**
 * A NumPy array whose values are in the pickle itself; without `content` until the pickle sets its
 * state.
 */
export class NumpyArray {
  content?: { readonly layout: NumpyLayout; readonly values: Uint8Array } | undefined;
  /** Why it cannot be read. */
  refusal?: string | undefined;
}

/** A NumPy number (`numpy.float64(0.5)`): part of a checkpoint's notes, not a tensor. */
class NumpyScalar {}

/**
 * What a pickle of plain NumPy arrays refers to: `_reconstruct`, `scalar`, `numpy.ndarray`,
 * `numpy.dtype`, and the ways in which protocol 2 writes bytes (`_codecs.encode(text, 'latin1')`,
 * and `bytes()` for none). Nothing is called. Subclasses of arrays, Python objects and records are
 * not read.
 */
export class NumpyObjects {
  #characters = 0;

  constructor(readonly refuse: Refuse) {}

  knows(name: string): boolean {
    return names.has(name) || functionName.test(name);
  }

  /** The value of calling a known name, or undefined if it does not take these arguments. */
  call(name: string, parameters: readonly unknown[]): NumpyArray | NumpyType | NumpyScalar | Uint8Array | undefined {
    const [first, second] = parameters;
    if (name === '_codecs.encode') {
      return typeof first === 'string' && second === 'latin1' ? this.#latin1(first) : undefined;
    }
    if (name === '__builtin__.bytes') return parameters.length === 0 ? new Uint8Array(0) : undefined;
    if (name === 'numpy.dtype') return typeof first === 'string' ? this.#type(first) : undefined;
    switch (functionName.exec(name)?.[1]) {
      case '_reconstruct':
        return first instanceof PickleGlobal && first.name === 'numpy.ndarray' ? new NumpyArray() : undefined;
      case 'scalar':
        return first instanceof NumpyType ? new NumpyScalar() : undefined;
    }
    return undefined;
  }

  /** Sets the state of a dtype or an array. Returns whether `value` is one of the two. */
  setState(value: unknown, state: unknown): boolean {
    const fields = state instanceof PickleTuple ? state.items : [];
    if (value instanceof NumpyType) this.#setType(value, fields);
    else if (value instanceof NumpyArray) this.#setArray(value, fields);
    else return false;
    return true;
  }

  /** (3, byte order, subarray, names, fields, element size, alignment, flags) */
  #setType(value: NumpyType, [version, order, subarray, names, fields]: readonly unknown[]): void {
    const plain = subarray === null && names === null && fields === null;
    if (version !== dtypeVersion || typeof order !== 'string' || !byteOrders.has(order) || !plain) {
      value.refusal ??= 'has a NumPy array that does not hold plain numbers';
    }
    value.bigEndian = order === '>';
  }

  /** (1, shape, dtype, whether in Fortran order, bytes) */
  #setArray(value: NumpyArray, [version, shape, dtype, fortran, data]: readonly unknown[]): void {
    if (dtype instanceof NumpyType && dtype.refusal !== undefined) {
      value.refusal = dtype.refusal;
      return;
    }
    // Python 2 writes bytes as text.
    const values = typeof data === 'string' ? this.#latin1(data) : data;
    const isOrder = fortran === true || fortran === false || fortran === 0 || fortran === 1;
    const isArray = version === arrayVersion && dtype instanceof NumpyType && isSizes(shape) && isOrder;
    if (!isArray || !(values instanceof Uint8Array)) {
      throw this.refuse('has a NumPy array with an invalid shape, type or values', { remedy: arrayRemedy });
    }
    const { type, bigEndian } = dtype;
    if (type === undefined) return;
    const sizes = shape.items as readonly number[];
    value.content = { layout: { shape: sizes, type, fortran: Boolean(fortran), bigEndian }, values };
  }

  #type(name: string): NumpyType {
    return new NumpyType(Object.hasOwn(numpyTypes, name) ? numpyTypes[name] : undefined, name);
  }

  #latin1(text: string): Uint8Array {
    this.#characters += text.length;
    if (this.#characters > latin1Limit) {
      throw this.refuse(`turns more than ${latin1Limit} characters into bytes`, { remedy: arrayRemedy });
    }
    const bytes = new Uint8Array(text.length);
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 255) {
        throw this.refuse(`has bytes written as text with a character beyond latin1 (${code})`, {
          remedy: arrayRemedy,
        });
      }
      bytes[index] = code;
    }
    return bytes;
  }
}
