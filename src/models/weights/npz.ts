import { plainArrayRemedy, readNpy } from './npy.ts';
import type { SourceFile } from './source-file.ts';
import type { FileTensors, WeightTensor } from './weight-tensor.ts';
import type { ZipEntry } from './zip-entry.ts';

/**
 * The arrays of an `.npz` archive (numpy.savez and savez_compressed), named as their entries
 * without `.npy`. Arrays of a type that weights cannot have are listed by name.
 *
 * @throws ModelError `weights` if an entry is not an array, or none can be read.
 */
export function readNpz(file: SourceFile, entries: ReadonlyMap<string, ZipEntry>): FileTensors {
  const tensors = new Map<string, WeightTensor>();
  const unread = new Map<string, string>();
  for (const entry of entries.values()) {
    const name = entry.name.replace(/\.npy$/, '');
    const read = readNpy(name, entry, file.refuse);
    if (typeof read === 'string') unread.set(name, read);
    else tensors.set(name, read);
  }
  const [reason] = unread.values();
  if (tensors.size === 0 && reason !== undefined) throw file.refuse(reason, { remedy: plainArrayRemedy });
  return { tensors, unread };
}
