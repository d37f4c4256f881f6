import { Bool, type Data, type DataType, Field, Float32, Float64, Int32, List, makeData, Utf8 } from 'apache-arrow';
import { shown } from '../../core/check.ts';
import { Growing } from '../../core/growing.ts';
import { type BatchColumn, bitmap } from './batch-columns.ts';
import type { ParsedRowType, RowScalar } from './row-types.ts';

/** Thrown for a value of the wrong kind. */
export class WrongValue extends Error {
  constructor(
    /** In words: `a finite number`. */
    expected: string,
    came: unknown,
    text = `is ${shown(came)}`,
  ) {
    super(`${expected}, but ${text}`);
  }
}

/** Values of one type, appended one by one. */
interface Values {
  /** @throws WrongValue */
  push(value: unknown): void;
  /** Adds a placeholder for a null. */
  pushNothing(): void;
  readonly length: number;
  readonly byteLength: number;
  readonly type: DataType;
  data(nulls: { readonly nullCount: number; readonly nullBitmap?: Uint8Array | undefined }): Data;
}

/** A column of rows being built. */
export class RowColumn {
  readonly #values: Values;
  readonly #offsets: Growing<Int32Array> | undefined;
  readonly #valid = new Growing(Uint8Array);

  constructor(
    readonly name: string,
    private readonly type: ParsedRowType,
  ) {
    this.#values = valuesOf(type.scalar);
    if (type.length !== undefined) {
      this.#offsets = new Growing(Int32Array);
      this.#offsets.push(0);
    }
  }

  /** Bytes that it holds. */
  get byteLength(): number {
    return this.#values.byteLength + this.#valid.byteLength + (this.#offsets?.byteLength ?? 0);
  }

  /** @throws WrongValue */
  push(value: unknown): void {
    const { nullable, length } = this.type;
    const isThere = value !== null && value !== undefined;
    if (!isThere && !nullable) throw new WrongValue(expectedOf(this.type), value);
    if (length === undefined) {
      if (isThere) this.#values.push(value);
      else this.#values.pushNothing();
    } else {
      if (isThere) this.#pushList(value);
      this.#offsets?.push(this.#values.length);
    }
    this.#valid.push(isThere ? 1 : 0);
  }

  #pushList(value: unknown): void {
    const { length } = this.type;
    const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
    if (!isList) throw new WrongValue(expectedOf(this.type), value);
    const list = value as unknown as ArrayLike<unknown>;
    if (typeof length === 'number' && list.length !== length) {
      throw new WrongValue(expectedOf(this.type), value, `has ${list.length} values`);
    }
    for (let at = 0; at < list.length; at += 1) this.#values.push(list[at]);
  }

  /** The finished column in Arrow's form. */
  finish(): BatchColumn {
    const { nullable, text } = this.type;
    const valid = this.#valid.whole();
    const nullCount = valid.length - valid.reduce((sum, flag) => sum + flag, 0);
    const nulls = { nullCount, nullBitmap: nullCount > 0 ? bitmap(valid) : undefined };
    const metadata = new Map([['type', text]]);
    const { type } = this.#values;
    if (this.#offsets === undefined) {
      return { field: new Field(this.name, type, nullable, metadata), data: this.#values.data(nulls) };
    }
    const list = new List(new Field('element', type, false));
    const child = this.#values.data({ nullCount: 0 });
    const data = makeData({ type: list, length: valid.length, ...nulls, valueOffsets: this.#offsets.whole(), child });
    return { field: new Field(this.name, list, nullable, metadata), data };
  }
}

const SCALARS: Readonly<Record<RowScalar, string>> = {
  float32: 'a finite number',
  float64: 'a finite number',
  time: 'a finite number of seconds',
  int32: 'a 32-bit integer',
  bool: 'true or false',
  utf8: 'a text',
};

function expectedOf({ scalar, length, text }: ParsedRowType): string {
  if (length === undefined) return `${SCALARS[scalar]} (${text})`;
  return typeof length === 'number' ? `${length} finite numbers (${text})` : `a list (${text})`;
}

function valuesOf(scalar: RowScalar): Values {
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  const isInteger = (value: unknown): value is number => isNumber(value) && (value | 0) === value;
  switch (scalar) {
    case 'float32':
      return numbers(scalar, new Float32(), new Growing(Float32Array), isNumber);
    case 'float64':
    case 'time':
      return numbers(scalar, new Float64(), new Growing(Float64Array), isNumber);
    case 'int32':
      return numbers(scalar, new Int32(), new Growing(Int32Array), isInteger);
    case 'bool':
      return flags();
    case 'utf8':
      return texts();
  }
}

function numbers<N extends Float32Array | Float64Array | Int32Array>(
  scalar: RowScalar,
  type: DataType,
  values: Growing<N>,
  fits: (value: unknown) => value is number,
): Values {
  return {
    type,
    push(value) {
      if (!fits(value)) throw new WrongValue(SCALARS[scalar], value);
      values.push(value);
    },
    pushNothing: () => values.push(0),
    get length() {
      return values.length;
    },
    get byteLength() {
      return values.byteLength;
    },
    data: (nulls) =>
      makeData({ type: type as Float64, length: values.length, ...nulls, data: values.whole() as never }),
  };
}

function flags(): Values {
  const values = new Growing(Uint8Array);
  return {
    type: new Bool(),
    push(value) {
      if (typeof value !== 'boolean') throw new WrongValue(SCALARS.bool, value);
      values.push(value ? 1 : 0);
    },
    pushNothing: () => values.push(0),
    get length() {
      return values.length;
    },
    get byteLength() {
      return values.byteLength;
    },
    data: (nulls) => makeData({ type: new Bool(), length: values.length, ...nulls, data: bitmap(values.whole()) }),
  };
}

function texts(): Values {
  const bytes = new Growing(Uint8Array);
  const offsets = new Growing(Int32Array);
  offsets.push(0);
  return {
    type: new Utf8(),
    push(value) {
      if (typeof value !== 'string') throw new WrongValue(SCALARS.utf8, value);
      bytes.append(Buffer.from(value, 'utf8'));
      offsets.push(bytes.length);
    },
    pushNothing: () => offsets.push(bytes.length),
    get length() {
      return offsets.length - 1;
    },
    get byteLength() {
      return bytes.byteLength + offsets.byteLength;
    },
    data: (nulls) =>
      makeData({
        type: new Utf8(),
        length: offsets.length - 1,
        ...nulls,
        valueOffsets: offsets.whole(),
        data: bytes.whole(),
      }),
  };
}
