import { NumpyObjects } from './numpy-objects.ts';
import { type PickleObjects, plainDictionaryRemedy } from './pickle.ts';
import {
  isSize,
  isSizes,
  PickleDictionary,
  PickleGlobal,
  PickleList,
  PickleOpaque,
  PickleTuple,
} from './pickle-values.ts';
import type { Refuse } from './source-file.ts';
import { type WeightType, weightTypeBytes } from './weight-tensor.ts';

const storageTypes: Readonly<Record<string, WeightType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  UInt16Storage: 'U16',
  UInt32Storage: 'U32',
  UInt64Storage: 'U64',
  Float8_e4m3fnStorage: 'F8_E4M3',
  Float8_e5m2Storage: 'F8_E5M2',
  UntypedStorage: 'U8',
};
const storageName = /^torch\.(?:cuda\.|storage\.)?([A-Za-z0-9]+Storage)$/;
/**
 * Bytes per element of the storages whose tensors are not read; they are skipped in a sequence of
 * storages.
 */
const otherStorageBytes: Readonly<Record<string, number>> = {
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  ComplexHalfStorage: 4,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
};
const elementTypes: Readonly<Record<string, WeightType>> = {
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
};
const callables = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'torch.Size',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._tensor._rebuild_from_type_v2',
  'torch.Tensor',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch.nn.parameter.Parameter',
]);

const plainClasses = new Set(['torch.Tensor', 'torch.nn.parameter.Parameter']);

/**
 * Limit on the pairs of all dictionaries created by calls together: a pickle can pass the same list
 * to every call.
 */
const pairLimit = 1_000_000;

/**
 * A storage that a pickle refers to: `elements` values of `type` under `key`; whether the file has
 * it is not known yet.
 */
export interface TorchStorage {
  readonly key: string;
  readonly type: WeightType;
  readonly elements: number;
}

/** A tensor of a pickle: a view of a storage, as the pickle claims it. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly type: WeightType,
    /** In elements of `type`. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A storage, or the part of it that old PyTorch versions call a view. */
class StorageView {
  constructor(
    readonly storage: TorchStorage,
    readonly start: number,
    readonly elements: number,
  ) {}
}

/**
 * What a state dict of PyTorch refers to, from 0.1.x to 2.x: storages, the functions that make
 * tensors and parameters from them, OrderedDict and torch.Size, and plain NumPy arrays. Everything
 * else stays opaque.
 */
export class TorchObjects implements PickleObjects {
  /** The storages found, by key. */
  readonly storages = new Map<string, TorchStorage>();
  /** Bytes of the storages that are not read, by key. */
  readonly otherStorages = new Map<string, number>();
  readonly #numpy: NumpyObjects;
  #pairs = 0;

  constructor(readonly refuse: Refuse) {
    this.#numpy = new NumpyObjects(refuse);
  }

  knows(name: string): boolean {
    const storage = storageName.exec(name)?.[1];
    if (storage !== undefined) return Object.hasOwn(storageTypes, storage);
    return callables.has(name) || Object.hasOwn(elementTypes, name) || this.#numpy.knows(name);
  }

  call(name: string, parameters: readonly unknown[]): unknown {
    const [first] = parameters;
    if (first instanceof PickleOpaque) return first;
    switch (name) {
      case 'collections.defaultdict':
        return new PickleDictionary();
      case 'collections.OrderedDict':
        return this.#dictionary(parameters);
      case 'torch.Size':
        if (first instanceof PickleTuple) return first;
        break;
      case 'torch.nn.parameter.Parameter':
      case 'torch._utils._rebuild_parameter':
      case 'torch._utils._rebuild_parameter_with_state':
        if (first instanceof TorchTensor) return first;
        break;
      case 'torch._tensor._rebuild_from_type_v2': {
        // A tensor with its own attributes: its constructor, class, arguments and attributes.
        const [make, of, given] = parameters;
        const isPlain = of instanceof PickleGlobal && plainClasses.has(of.name);
        if (make instanceof PickleGlobal && make.name !== name && isPlain && given instanceof PickleTuple) {
          return this.call(make.name, given.items);
        }
        break;
      }
      case 'torch._utils._rebuild_tensor':
      case 'torch._utils._rebuild_tensor_v2':
        if (first instanceof StorageView) return this.#tensor(first, first.storage.type, parameters);
        break;
      case 'torch._utils._rebuild_tensor_v3': {
        if (parameters[6] instanceof PickleOpaque) return parameters[6];
        const type = parameters[6] instanceof PickleGlobal ? elementTypes[parameters[6].name] : undefined;
        if (first instanceof StorageView && type) return this.#tensor(first, type, parameters);
        break;
      }
      default: {
        const value = this.#numpy.call(name, parameters);
        if (value !== undefined) return value;
      }
    }
    return new PickleOpaque(`asks to call ${name} with arguments that it does not take: nothing was executed`);
  }

  persistent(identity: unknown): StorageView | PickleOpaque {
    const [kind, type, key, location, elements, view] = identity instanceof PickleTuple ? identity.items : [];
    if (kind === 'module') {
      const name = type instanceof PickleGlobal || type instanceof PickleOpaque ? type.name : 'a class';
      return new PickleOpaque(`holds a whole module (${name}) instead of its weights`);
    }
    if (type instanceof PickleOpaque) {
      const width = otherStorageBytes[storageName.exec(type.name)?.[1] ?? ''];
      if (width !== undefined && isSize(elements)) this.otherStorages.set(String(key), width * elements);
      return type;
    }
    const weightType = type instanceof PickleGlobal ? storageTypes[storageName.exec(type.name)?.[1] ?? ''] : undefined;
    if (kind !== 'storage' || !weightType || typeof location !== 'string' || !isSize(elements)) {
      throw this.refuse('refers to an object that is not a tensor storage', { remedy: plainDictionaryRemedy });
    }
    const name = typeof key === 'number' || typeof key === 'bigint' ? String(key) : key;
    if (typeof name !== 'string') throw this.refuse('has a storage without a key', { remedy: plainDictionaryRemedy });
    const known = this.storages.get(name) ?? { key: name, type: weightType, elements };
    if (known.type !== weightType || known.elements !== elements) {
      throw this.refuse(
        `claims ${elements} elements of ${weightType} for storage '${name}', which it gave ${known.elements} of ${known.type} before`,
      );
    }
    this.storages.set(name, known);
    return this.#view(known, view ?? null);
  }

  setState(value: unknown, state: unknown): boolean {
    return value instanceof TorchTensor || this.#numpy.setState(value, state);
  }

  /**
   * The last field of a legacy identity: None, or (key, first element, elements) of a part of the
   * storage.
   */
  #view(storage: TorchStorage, view: unknown): StorageView {
    if (view === null) return new StorageView(storage, 0, storage.elements);
    const [, start, elements] = view instanceof PickleTuple ? view.items : [];
    if (!isSize(start) || !isSize(elements) || start + elements > storage.elements) {
      throw this.refuse(`has a view that leaves its storage '${storage.key}' of ${storage.elements} elements`);
    }
    return new StorageView(storage, start, elements);
  }

  #tensor(view: StorageView, type: WeightType, parameters: readonly unknown[]): TorchTensor {
    const [, offset, shape, strides] = parameters;
    const ratio = weightTypeBytes[type] / weightTypeBytes[view.storage.type];
    const fits = view.start % ratio === 0;
    if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || !fits) {
      throw this.refuse(
        `has a tensor in storage '${view.storage.key}' whose offset, shape or strides are not sizes (of at most 64 axes)`,
      );
    }
    return new TorchTensor(
      view.storage,
      type,
      view.start / ratio + offset,
      shape.items as number[],
      strides.items as number[],
    );
  }

  /**
   * Python 2 passes the items of an OrderedDict as a list of pairs; Python 3 sets them afterwards.
   */
  #dictionary(parameters: readonly unknown[]): PickleDictionary | PickleOpaque {
    const dictionary = new PickleDictionary();
    const pairs = parameters.length === 0 ? [] : itemsOf(parameters[0]);
    this.#pairs += pairs?.length ?? 0;
    if (this.#pairs > pairLimit) throw this.refuse(`fills dictionaries with more than ${pairLimit} pairs`);
    for (const pair of pairs ?? [null]) {
      const items = itemsOf(pair);
      if (items?.length !== 2) {
        return new PickleOpaque('has an OrderedDict that is not made of pairs');
      }
      dictionary.entries.set(items[0], items[1]);
    }
    return dictionary;
  }
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  return value instanceof PickleList || value instanceof PickleTuple ? value.items : undefined;
}
