import { ByteCursor } from './byte-cursor.ts';
import { plainDictionaryRemedy, readPickle } from './pickle.ts';
import { PickleDictionary, PickleList } from './pickle-values.ts';
import type { SourceFile, WeightBytes } from './source-file.ts';
import { stateDictTensors } from './state-dict.ts';
import { TorchObjects } from './torch-objects.ts';
import { type FileTensors, weightTypeBytes } from './weight-tensor.ts';

const pickleLimit = 16 * 1024 * 1024;
const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;
const magicOperations = '8a0a6cfc9c46f9206aa850192e';
/**
 * The pickle of the magic number: protocol 2 or 3, an integer of 10 bytes, end; from protocol 4 on
 * in a frame of 13 bytes.
 */
const magicPickle = new RegExp(`^80(?:0[23]|0[45]950d00000000000000)${magicOperations}`);
const magicPickleLimit = 24;

/** Whether a file starts like the legacy layout of torch.save. */
export function looksLikeLegacyPth(start: Uint8Array): boolean {
  return magicPickle.test(Buffer.from(start.subarray(0, magicPickleLimit)).toString('hex'));
}

/**
 * The tensors of a `.pth` file in the legacy layout (torch.save before 1.6, or with
 * `_use_new_zipfile_serialization=False`): pickles of a magic number, a version, facts about the
 * machine, the dictionary and the storages' keys, then each storage: an 8-byte element count and
 * its values. The values are skipped.
 *
 * @throws ModelError `weights` for anything but a state dict, and for one written on a big-endian
 * machine.
 */
export function readPthLegacy(file: SourceFile): FileTensors {
  const { refuse } = file;
  const cursor = new ByteCursor(file, 0, pickleLimit, refuse);
  const objects = new TorchObjects(refuse);
  const magic = readPickle(cursor, objects, refuse);
  const version = readPickle(cursor, objects, refuse);
  if (magic !== magicNumber || version !== protocolVersion) {
    throw refuse(`is of version ${String(version)} of PyTorch's legacy layout, where ${protocolVersion} is known`);
  }
  const machine = readPickle(cursor, objects, refuse);
  if (!(machine instanceof PickleDictionary) || machine.entries.get('little_endian') !== true) {
    throw refuse('was not written by a little-endian machine', { remedy: 'Save it again on a little-endian machine.' });
  }
  const value = readPickle(cursor, objects, refuse);
  const keys = readPickle(cursor, objects, refuse);
  if (!(keys instanceof PickleList)) {
    throw refuse('has no list of storages after its dictionary', { remedy: plainDictionaryRemedy });
  }
  let storages: ReadonlyMap<string, WeightBytes> | undefined;
  const storage = (key: string) => {
    storages ??= readStorages(file, cursor.position, keys.items, objects);
    return storages.get(key);
  };
  return stateDictTensors(value, storage, refuse);
}

function readStorages(
  file: SourceFile,
  start: number,
  keys: readonly unknown[],
  objects: TorchObjects,
): Map<string, WeightBytes> {
  const { refuse } = file;
  const storages = new Map<string, WeightBytes>();
  let position = start;
  for (const item of keys) {
    const key = typeof item === 'number' || typeof item === 'bigint' ? String(item) : item;
    const other = typeof key === 'string' ? objects.otherStorages.get(key) : undefined;
    if (other !== undefined) {
      position += 8 + other;
      continue;
    }
    const storage = typeof key === 'string' ? objects.storages.get(key) : undefined;
    if (storage === undefined || storages.has(storage.key)) {
      throw refuse('lists a storage twice, or one that its dictionary does not have');
    }
    const count = new DataView(file.bytes(position, 8).buffer).getBigUint64(0, true);
    if (count !== BigInt(storage.elements)) {
      throw refuse(`has ${count} elements in storage '${storage.key}', where its dictionary says ${storage.elements}`);
    }
    const first = position + 8;
    const byteLength = storage.elements * weightTypeBytes[storage.type];
    position = first + byteLength;
    if (!(position <= file.byteLength)) {
      throw refuse(`ends at byte ${file.byteLength}, in the middle of storage '${storage.key}' (to byte ${position})`, {
        remedy: 'The file is probably truncated: download it again and compare its size and SHA-256 with the source.',
      });
    }
    storages.set(storage.key, { byteLength, pieces: (from, to) => file.pieces(first + from, first + to) });
  }
  return storages;
}
