import { shown } from '../../check.ts';
import { NumpyArray } from './numpy-objects.ts';
import { numpyTensor } from './numpy-tensor.ts';
import { plainDictionaryRemedy } from './pickle.ts';
import { PickleDictionary, PickleList, PickleTuple } from './pickle-values.ts';
import { pieceBytes, type Refuse, type WeightBytes } from './source-file.ts';
import { checkView, stridedPieces } from './strided.ts';
import { TorchTensor } from './torch-objects.ts';
import { type WeightTensor, weightTypeBytes } from './weight-tensor.ts';

/** Where checkpoints keep the state dict, in the order in which they are looked for. */
const nestedKeys = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'module', 'weights'];
const tensorLimit = 100_000;
const parallelPrefix = 'module.';

/** The bytes of a storage, or undefined when the file has none under this key. */
export type StorageBytes = (key: string) => WeightBytes | undefined;

/**
 * The tensors of an unpickled state dict, or of the checkpoint around one (`{'state_dict': {...}, 'epoch': 3}`). Entries that are no tensors are left
 * out. Of a checkpoint's dictionaries the one with the most tensors is taken, because some keep the best accuracy as a tensor beside the state dict.
 * The prefix `module.` of torch.nn.DataParallel is removed when all tensors have it. Arrays of NumPy count as tensors; a dictionary of nothing but
 * arrays is looked for last: a checkpoint may keep some beside its state dict.
 *
 * @throws what `refuse` makes, when there are no tensors, or one does not fit its storage.
 */
export function stateDictTensors(value: unknown, storage: StorageBytes, refuse: Refuse): Map<string, WeightTensor> {
  const entries = findStateDict(value, refuse);
  const parallel = entries.every(([name]) => name.startsWith(parallelPrefix));
  const tensors = new Map<string, WeightTensor>();
  for (const [entry, tensor] of entries) {
    const name = parallel ? entry.slice(parallelPrefix.length) : entry;
    const read =
      tensor instanceof NumpyArray ? arrayTensor(name, tensor, refuse) : weightTensor(name, tensor, storage, refuse);
    tensors.set(name, read);
  }
  return tensors;
}

type Candidate = readonly (readonly [string, TorchTensor | NumpyArray])[];

/** The first of the candidates that have the most of something, or undefined when none has any. */
function largest(candidates: readonly Candidate[], count: (candidate: Candidate) => number): Candidate | undefined {
  const counts = candidates.map(count);
  const most = Math.max(...counts);
  return most === 0 ? undefined : candidates[counts.indexOf(most)];
}

/** What Python calls a value. */
function called(value: unknown): string {
  if (value instanceof TorchTensor) return 'one tensor';
  if (value instanceof NumpyArray) return 'one array of NumPy';
  if (value instanceof PickleList) return `a list of ${value.items.length}`;
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  return value === null || value === undefined ? 'None' : shown(value);
}

function findStateDict(value: unknown, refuse: Refuse): Candidate {
  if (!(value instanceof PickleDictionary)) {
    throw refuse(`holds ${called(value)} in place of a dictionary`, { remedy: plainDictionaryRemedy });
  }
  const candidates = [value, ...nestedKeys.map((key) => value.entries.get(key))].map(tensorEntries);
  const ofTorch = (candidate: Candidate) => candidate.filter(([, tensor]) => tensor instanceof TorchTensor).length;
  const entries = largest(candidates, ofTorch) ?? largest(candidates, ({ length }) => length);
  if (entries && entries.length > tensorLimit) {
    throw refuse(`has ${entries.length} tensors, more than ${tensorLimit}`);
  }
  if (entries) return entries;
  const keys = [...value.entries.keys()].slice(0, 8).map(shown).join(', ');
  throw refuse(`has no tensors in its dictionary (${keys ? `keys ${keys}` : 'empty'})`, {
    remedy: plainDictionaryRemedy,
  });
}

function tensorEntries(value: unknown): Candidate {
  if (!(value instanceof PickleDictionary)) return [];
  return [...value.entries].filter(
    (entry): entry is [string, TorchTensor | NumpyArray] =>
      typeof entry[0] === 'string' && (entry[1] instanceof TorchTensor || entry[1] instanceof NumpyArray),
  );
}

function arrayTensor(name: string, { content }: NumpyArray, refuse: Refuse): WeightTensor {
  if (content === undefined) throw refuse(`has no values for array '${name}'`);
  return numpyTensor(name, content.layout, bytesInMemory(content.values), refuse);
}

/** Bytes that are in memory already, handed out as copies: what reads pieces may change them. */
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
