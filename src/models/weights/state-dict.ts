import { shown } from '../../check.ts';
import { plainDictionaryRemedy } from './pickle.ts';
import { PickleDictionary } from './pickle-values.ts';
import type { Refuse, WeightBytes } from './source-file.ts';
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
 * out. The prefix `module.` of torch.nn.DataParallel is removed when all tensors have it.
 *
 * @throws what `refuse` makes, when there are no tensors, or one does not fit its storage.
 */
export function stateDictTensors(value: unknown, storage: StorageBytes, refuse: Refuse): Map<string, WeightTensor> {
  const entries = findStateDict(value, refuse);
  const parallel = entries.every(([name]) => name.startsWith(parallelPrefix));
  const tensors = new Map<string, WeightTensor>();
  for (const [entry, tensor] of entries) {
    const name = parallel ? entry.slice(parallelPrefix.length) : entry;
    tensors.set(name, weightTensor(name, tensor, storage, refuse));
  }
  return tensors;
}

function findStateDict(value: unknown, refuse: Refuse): (readonly [string, TorchTensor])[] {
  if (!(value instanceof PickleDictionary)) {
    throw refuse(`holds ${value instanceof TorchTensor ? 'one tensor' : shown(value)} in place of a dictionary`, {
      remedy: plainDictionaryRemedy,
    });
  }
  const candidates = [value, ...nestedKeys.map((key) => value.entries.get(key))];
  for (const candidate of candidates) {
    if (!(candidate instanceof PickleDictionary)) continue;
    const entries = [...candidate.entries].filter(
      (entry): entry is [string, TorchTensor] => typeof entry[0] === 'string' && entry[1] instanceof TorchTensor,
    );
    if (entries.length > tensorLimit) throw refuse(`has ${entries.length} tensors, more than ${tensorLimit}`);
    if (entries.length > 0) return entries;
  }
  const keys = [...value.entries.keys()].slice(0, 8).map(shown).join(', ');
  throw refuse(`has no tensors in its dictionary (${keys ? `keys ${keys}` : 'empty'})`, {
    remedy: plainDictionaryRemedy,
  });
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
