import type { ByteCursor } from './byte-cursor.ts';
import { PickleDictionary, PickleGlobal, PickleList, PickleOpaque, PickleTuple } from './pickle-values.ts';
import type { Refuse } from './source-file.ts';

/**
 * Limit on the operations of a pickle: enough for a dictionary of 30,000 tensors. Each creates at
 * most one small object, so this bounds memory too.
 */
const operationLimit = 1_000_000;
/** The values of NumPy arrays are bytes, or text, inside the pickle. */
const textLimit = 1 << 24;
const integerBytesLimit = 255;
const nameLimit = 256;

const setReason = 'has a set, which is not part of a dictionary of tensors';

/**
 * What a program's pickles may refer to. What it knows but cannot read becomes a `PickleOpaque`;
 * invalid claims are refused.
 */
export interface PickleObjects {
  /** Whether a global name is known. */
  knows(name: string): boolean;
  /** The value of calling a known global. Nothing is executed: known calls are interpreted here. */
  call(name: string, parameters: readonly unknown[]): unknown;
  /** The object behind a persistent id. */
  persistent(identity: unknown): unknown;
  /**
   * Sets a value's state (BUILD), or ignores it if attributes do not matter. Returns whether the
   * value may have any.
   */
  setState(value: unknown, state: unknown): boolean;
}

/** The remedy for pickles of anything else. */
export const plainDictionaryRemedy =
  "Save a plain dictionary of tensors: torch.save(model.state_dict(), 'weights.pth'), or safetensors.torch.save_file(model.state_dict(), 'weights.safetensors').";

/**
 * Reads one pickle (protocols 2 to 5) as data. It is a machine of about forty operations that build
 * numbers, text, lists, tuples and dictionaries; it cannot import or call anything: a global is a
 * name that `objects` knows, or an opaque value. Stack, memo, lengths and the number of operations
 * are bounded.
 *
 * Operations follow the documentation in CPython's `Lib/pickletools.py`.
 *
 * @throws ModelError `weights` (made by `refuse`) for any other operation, or an invalid claim.
 */
export function readPickle(cursor: ByteCursor, objects: PickleObjects, refuse: Refuse): unknown {
  return new PickleMachine(cursor, objects, refuse).run();
}

class PickleMachine {
  readonly #stack: unknown[] = [];
  /** Stack heights at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(
    readonly cursor: ByteCursor,
    readonly objects: PickleObjects,
    readonly refuse: Refuse,
  ) {}

  run(): unknown {
    for (let count = 0; count < operationLimit; count++) {
      const code = this.cursor.byte();
      if (code === 0x2e) return this.#pop();
      this.#step(code);
    }
    throw this.refuse(`has a pickle of more than ${operationLimit} operations`, { remedy: plainDictionaryRemedy });
  }

  #step(code: number): void {
    const { cursor } = this;
    switch (code) {
      case 0x80: // PROTO
        this.#protocol(cursor.byte());
        break;
      case 0x95: // FRAME: a positional reader does not need its length
        cursor.take(8);
        break;
      case 0x28: // MARK
        this.#marks.push(this.#stack.length);
        break;
      case 0x30: // POP
        this.#pop();
        break;
      case 0x31: // POP_MARK
        this.#popMark();
        break;
      case 0x4e: // NONE
        this.#push(null);
        break;
      case 0x88: // NEWTRUE
        this.#push(true);
        break;
      case 0x89: // NEWFALSE
        this.#push(false);
        break;
      case 0x49: // INT, of Python 2: integers beyond 32 bits, and booleans
        this.#push(this.#integerLine());
        break;
      case 0x4c: // LONG, of Python 2
        this.#push(this.#integerLine());
        break;
      case 0x46: // FLOAT, of Python 2
        this.#push(Number(this.#line()));
        break;
      case 0x4a: // BININT
        this.#push(cursor.unsigned(4) | 0);
        break;
      case 0x4b: // BININT1
        this.#push(cursor.byte());
        break;
      case 0x4d: // BININT2
        this.#push(cursor.unsigned(2));
        break;
      case 0x8a: // LONG1
        this.#push(this.#integer(cursor.byte()));
        break;
      case 0x8b: // LONG4
        this.#push(this.#integer(cursor.unsigned(4)));
        break;
      case 0x47: // BINFLOAT
        this.#push(viewOf(cursor.take(8)).getFloat64(0));
        break;
      case 0x58: // BINUNICODE
        this.#push(this.#text(cursor.unsigned(4)));
        break;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#text(cursor.byte()));
        break;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(cursor.unsigned(8)));
        break;
      case 0x54: // BINSTRING, of Python 2
        this.#push(Buffer.from(this.#bytes(cursor.unsigned(4))).toString('latin1'));
        break;
      case 0x55: // SHORT_BINSTRING, of Python 2
        this.#push(Buffer.from(this.#bytes(cursor.byte())).toString('latin1'));
        break;
      case 0x42: // BINBYTES
        this.#push(this.#bytes(cursor.unsigned(4)));
        break;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#bytes(cursor.byte()));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#bytes(cursor.unsigned(8)));
        break;
      case 0x29: // EMPTY_TUPLE
        this.#push(new PickleTuple([]));
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(new PickleTuple(this.#popMany(code - 0x84)));
        break;
      case 0x74: // TUPLE
        this.#push(new PickleTuple(this.#popMark()));
        break;
      case 0x5d: // EMPTY_LIST
        this.#push(new PickleList());
        break;
      case 0x61: // APPEND
        this.#append(this.#popMany(1));
        break;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        break;
      case 0x7d: // EMPTY_DICT
        this.#push(new PickleDictionary());
        break;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        break;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        break;
      case 0x8f: // EMPTY_SET
        this.#push(new PickleOpaque(setReason));
        break;
      case 0x90: // ADDITEMS
        this.#popMark();
        this.#top();
        break;
      case 0x91: // FROZENSET
        this.#popMark();
        this.#push(new PickleOpaque(setReason));
        break;
      case 0x6f: // OBJ, of Python 2
        this.#push(this.#instance(this.#popMark()));
        break;
      case 0x32: // DUP
        this.#push(this.#top());
        break;
      case 0x71: // BINPUT
        this.#remember(cursor.byte());
        break;
      case 0x72: // LONG_BINPUT
        this.#remember(cursor.unsigned(4));
        break;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        break;
      case 0x68: // BINGET
        this.#recall(cursor.byte());
        break;
      case 0x6a: // LONG_BINGET
        this.#recall(cursor.unsigned(4));
        break;
      case 0x63: // GLOBAL
        this.#global(this.#line(), this.#line());
        break;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        this.#global(module, name);
        break;
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        this.#call(...(this.#popMany(2) as [unknown, unknown]));
        break;
      case 0x92: {
        // NEWOBJ_EX: keyword arguments come last
        const [callable, parameters] = this.#popMany(3);
        this.#call(callable, parameters);
        break;
      }
      case 0x62: // BUILD
        this.#build();
        break;
      case 0x51: // BINPERSID
        this.#push(this.objects.persistent(this.#pop()));
        break;
      default:
        throw this.refuse(
          `asks for the pickle operation 0x${code.toString(16).padStart(2, '0')} (byte ${cursor.position - 1}), which a dictionary of tensors does not need: nothing was executed`,
          { remedy: plainDictionaryRemedy },
        );
    }
  }

  #protocol(version: number): void {
    if (version >= 2 && version <= 5) return;
    throw this.refuse(`has a pickle of protocol ${version}`, { remedy: plainDictionaryRemedy });
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #popMany(count: number): unknown[] {
    const start = this.#stack.length - count;
    if (start < (this.#marks.at(-1) ?? 0)) throw this.#broken('it takes more values than there are');
    return this.#stack.splice(start);
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #popMark(): unknown[] {
    const start = this.#marks.pop();
    if (start === undefined) throw this.#broken('it ends a group that was never started');
    return this.#stack.splice(start);
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#broken('it takes more values than there are');
    return this.#stack.at(-1);
  }

  #bytes(length: number): Uint8Array {
    if (length > textLimit) throw this.#broken(`it claims a text of ${length} bytes, more than ${textLimit}`);
    return this.cursor.take(length);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#bytes(length));
  }

  #integer(length: number): number | bigint {
    if (length > integerBytesLimit) throw this.#broken(`it claims an integer of ${length} bytes`);
    let value = 0n;
    const bytes = this.cursor.take(length);
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] as number);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #integerLine(): number | bigint | boolean {
    const line = this.#line();
    // Python 2 writes booleans as two-digit integers.
    if (line === '01') return true;
    if (line === '00') return false;
    const digits = /^([+-]?\d+)L?$/.exec(line)?.[1];
    if (digits === undefined) throw this.#broken(`it has an integer '${line.slice(0, 40)}'`);
    const value = BigInt(digits);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #line(): string {
    let line = '';
    for (let byte = this.cursor.byte(); byte !== 0x0a; byte = this.cursor.byte()) {
      if (line.length >= nameLimit) throw this.#broken(`it has a name of more than ${nameLimit} bytes`);
      line += String.fromCharCode(byte);
    }
    return line;
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (list instanceof PickleOpaque) return;
    if (!(list instanceof PickleList)) throw this.#broken('it appends to something that is not a list');
    for (const item of items) list.items.push(item);
  }

  #setItems(items: readonly unknown[]): void {
    const dictionary = this.#top();
    if (dictionary instanceof PickleOpaque) return;
    if (!(dictionary instanceof PickleDictionary) || items.length % 2 !== 0) {
      throw this.#broken('it sets items of something that is not a dictionary');
    }
    for (let index = 0; index < items.length; index += 2) dictionary.entries.set(items[index], items[index + 1]);
  }

  #remember(index: number): void {
    if (index >= operationLimit) throw this.#broken(`it claims the memo index ${index}`);
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw this.#broken(`it recalls the memo index ${index}, which was not set`);
    this.#push(this.#memo.get(index));
  }

  #global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('it has a global without a name');
    const path = `${module}.${name}`;
    const why = `refers to ${path.slice(0, 120)}, which is not part of a dictionary of tensors: nothing was executed`;
    this.#push(this.objects.knows(path) ? new PickleGlobal(path) : new PickleOpaque(why, path.slice(0, 120)));
  }

  #instance([of]: readonly unknown[]): PickleOpaque {
    if (of instanceof PickleOpaque) return of;
    throw this.#broken('it makes an object of something that is not a class');
  }

  #call(callable: unknown, parameters: unknown): void {
    if (callable instanceof PickleOpaque) {
      this.#push(callable);
      return;
    }
    if (!(callable instanceof PickleGlobal) || !(parameters instanceof PickleTuple)) {
      throw this.#broken('it calls something that is not a name: nothing was executed');
    }
    this.#push(this.objects.call(callable.name, parameters.items));
  }

  #build(): void {
    const [value, state] = this.#popMany(2);
    if (value instanceof PickleOpaque) {
      this.#push(value);
      return;
    }
    if (!(value instanceof PickleDictionary) && !this.objects.setState(value, state)) {
      throw this.#broken('it sets attributes of something that is neither a dictionary nor a tensor');
    }
    this.#push(value);
  }

  #broken(what: string): Error {
    return this.refuse(`has a broken pickle: ${what} (byte ${this.cursor.position})`, {
      remedy: plainDictionaryRemedy,
    });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
