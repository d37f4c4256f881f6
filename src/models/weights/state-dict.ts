import { shown } from '../../core/check.ts';
import { NumpyArray } from './numpy-objects.ts';
import { numpyTensor } from './numpy-tensor.ts';
import { plainDictionaryRemedy } from './pickle.ts';
import { PickleDictionary, PickleList, PickleOpaque, PickleTuple } from './pickle-values.ts';
import { pieceBytes, type Refuse, type WeightBytes } from './source-file.ts';
import { checkView, stridedPieces } from './strided.ts';
import { TorchTensor } from './torch-objects.ts';
import { type FileTensors, type WeightTensor, weightTypeBytes } from './weight-tensor.ts';

/**
 * Keys under which checkpoints keep the state dict; they win among dictionaries with equally many
 * tensors.
 */
const usualKeys = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'module', 'weights'];
/** Prefixes that wrappers put before all tensor names: DataParallel, torch.compile, Lightning. */
const wrapperPrefix = /^(?:module|_orig_mod|model)\./;

/** The bytes of a storage, or undefined if the file has none under this key. */
export type StorageBytes = (key: string) => WeightBytes | undefined;

/**
 * The tensors of an unpickled state dict, or of the checkpoint around one
 * (`{'state_dict': {...}, 'epoch': 3}`), however deeply nested: of all dictionaries inside the
 * value, the one with the most tensors is used. Entries that are not tensors are left out; those
 * that could not be read are listed by name. Prefixes that wrappers put before all names
 * (`module.`, `_orig_mod.`, `model.`) are removed. NumPy arrays count as tensors; a dictionary of
 * nothing but arrays is the last choice, because a checkpoint may keep some beside its state dict.
 *
 * @throws the error from `refuse` if there are no tensors, or one does not fit its storage.
 */
export function stateDictTensors(value: unknown, storage: StorageBytes, refuse: Refuse): FileTensors {
  const dictionary = findStateDict(value, refuse);
  const tensors = new Map<string, WeightTensor>();
  const unread = new Map<string, string>();
  const entries = [...dictionary.entries].filter((entry): entry is [string, unknown] => typeof entry[0] === 'string');
  const strip = prefixOf(entries.filter(([, tensor]) => isTensor(tensor)).map(([name]) => name));
  for (const [entry, tensor] of entries) {
    const name = entry.startsWith(strip) ? entry.slice(strip.length) : entry;
    const why = refusalOf(tensor);
    if (why !== undefined) unread.set(name, why);
    else if (tensor instanceof NumpyArray) tensors.set(name, arrayTensor(name, tensor, refuse));
    else if (tensor instanceof TorchTensor) tensors.set(name, weightTensor(name, tensor, storage, refuse));
  }
  return { tensors, unread };
}

const isTensor = (value: unknown) => value instanceof TorchTensor || value instanceof NumpyArray;

/** Why a value could not be read, or undefined. */
function refusalOf(value: unknown): string | undefined {
  if (value instanceof PickleOpaque) return value.why;
  return value instanceof NumpyArray ? value.refusal : undefined;
}

/** The wrapper prefix that all names share. */
function prefixOf(names: readonly string[]): string {
  let prefix = '';
  for (;;) {
    const next = wrapperPrefix.exec(names[0]?.slice(prefix.length) ?? '')?.[0];
    if (next === undefined || !names.every((name) => name.startsWith(prefix + next))) return prefix;
    prefix += next;
  }
}

/** A value's type in Python terms. */
function called(value: unknown): string {
  if (value instanceof TorchTensor) return 'one tensor';
  if (value instanceof NumpyArray) return 'one NumPy array';
  if (value instanceof PickleList) return `a list of ${value.items.length}`;
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  return value === null || value === undefined ? 'None' : shown(value);
}

function findStateDict(value: unknown, refuse: Refuse): PickleDictionary {
  const { dictionaries, refusal } = inside(value);
  const [found] = largest(dictionaries, (each) => each instanceof TorchTensor) ?? largest(dictionaries, isTensor) ?? [];
  if (found) return found;
  const remedy = plainDictionaryRemedy;
  if (refusal !== undefined) throw refuse(refusal, { remedy });
  if (!(value instanceof PickleDictionary)) throw refuse(`holds ${called(value)} in place of a dictionary`, { remedy });
  const keys = [...value.entries.keys()].slice(0, 8).map(shown).join(', ');
  throw refuse(`has no tensors in its dictionary (${keys ? `keys ${keys}` : 'empty'})`, { remedy });
}

/** The dictionary with the most values of a kind, and their number; the first of several. */
function largest(
  dictionaries: readonly PickleDictionary[],
  counts: (value: unknown) => boolean,
): readonly [PickleDictionary, number] | undefined {
  let best: [PickleDictionary, number] | undefined;
  for (const dictionary of dictionaries) {
    let count = 0;
    for (const [key, value] of dictionary.entries) {
      if (typeof key === 'string' && counts(value) && refusalOf(value) === undefined) count++;
    }
    if (count > (best?.[1] ?? 0)) best = [dictionary, count];
  }
  return best;
}

/**
 * All dictionaries inside a value, outermost first, those under the usual keys before others; and
 * why the first unreadable value could not be read.
 */
function inside(value: unknown): {
  readonly dictionaries: readonly PickleDictionary[];
  readonly refusal?: string | undefined;
} {
  const dictionaries: PickleDictionary[] = [];
  const seen = new Set<unknown>();
  let refusal: string | undefined;
  let layer: readonly unknown[] = [value];
  while (layer.length > 0) {
    const next: unknown[] = [];
    for (const each of layer) {
      refusal ??= refusalOf(each);
      // A hostile pickle may refer to one list many times, or to itself.
      if (typeof each !== 'object' || each === null || seen.has(each)) continue;
      seen.add(each);
      if (each instanceof PickleDictionary) {
        dictionaries.push(each);
        for (const key of usualKeys) if (each.entries.has(key)) next.push(each.entries.get(key));
        for (const held of each.entries.values()) next.push(held);
      } else if (each instanceof PickleList || each instanceof PickleTuple) {
        for (const held of each.items) next.push(held);
      }
    }
    layer = next;
  }
  return { dictionaries, refusal };
}

function arrayTensor(name: string, { content }: NumpyArray, refuse: Refuse): WeightTensor {
  if (content === undefined) throw refuse(`has no values for array '${name}'`);
  return numpyTensor(name, content.layout, bytesInMemory(content.values), refuse);
}

/**
 * Bytes that are already in memory, returned as copies, because a reader of pieces may change them.
 */
function bytesInMemory(bytes: Uint8Array): WeightBytes {
  return {
    byteLength: bytes.byteLength,
    *pieces(start, end) {
      for (let from = start; from < end; from += pieceBytes) yield bytes.slice(from, Math.min(from + pieceBytes, end));
    },
  };
}

function weightTensor(name: string, tensor: TorchTensor, storage: StorageBytes, refuse: Refuse): WeightTensor {
  const { key, type: storedType, elements: claimed } = tensor.storage;
  const { type, shape, strides, offset } = tensor;
  const width = weightTypeBytes[type];
  const bytes = storage(key);
  if (bytes === undefined) throw refuse(`lacks the values of tensor '${name}' (storage '${key}')`);
  const claimedBytes = claimed * weightTypeBytes[storedType];
  if (claimedBytes > bytes.byteLength) {
    throw refuse(`has ${bytes.byteLength} bytes of storage '${key}', of which tensor '${name}' claims ${claimedBytes}`);
  }
  const view = { shape, strides, offset, width };
  const elements = checkView(view, name, Math.floor(claimedBytes / width), refuse);
  return { name, shape, type, byteLength: elements * width, pieces: () => stridedPieces(bytes, view, elements) };
}
