import { readNpy } from './npy.ts';
import type { SourceFile } from './source-file.ts';
import type { WeightTensor } from './weight-tensor.ts';
import type { ZipEntry } from './zip-entry.ts';

/**
 * The arrays of an `.npz` archive (numpy.savez and savez_compressed), named as their entries without `.npy`. Each must be of a type that weights have.
 *
 * @throws ModelError `weights` when an entry is not an array, or one that cannot be read.
 */
export function readNpz(file: SourceFile, entries: ReadonlyMap<string, ZipEntry>): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  for (const entry of entries.values()) {
    const name = entry.name.replace(/\.npy$/, '');
    tensors.set(name, readNpy(name, entry, file.refuse));
  }
  return tensors;
}
