import { ByteCursor } from './byte-cursor.ts';
import { plainDictionaryRemedy, readPickle } from './pickle.ts';
import type { SourceFile } from './source-file.ts';
import { stateDictTensors } from './state-dict.ts';
import { TorchObjects } from './torch-objects.ts';
import type { FileTensors } from './weight-tensor.ts';
import { entryBytes, type ZipEntry } from './zip-entry.ts';

const pickleLimit = 16 * 1024 * 1024;
const pickleName = /^(?:(.+)\/)?data\.pkl$/;

/** Whether the entries of a zip archive are those of torch.save. */
export function looksLikePth(entries: ReadonlyMap<string, ZipEntry>): boolean {
  return [...entries.keys()].some((name) => pickleName.test(name));
}

/**
 * The tensors of a `.pth` file in the zip layout (torch.save since 1.6): `NAME/data.pkl` is the
 * pickled dictionary, `NAME/data/KEY` the storages. Only the pickle is read.
 *
 * @throws ModelError `weights` for anything but a state dict, and for one written on a big-endian
 * machine.
 */
export function readPthZip(file: SourceFile, entries: ReadonlyMap<string, ZipEntry>): FileTensors {
  const { refuse } = file;
  const pickles = [...entries.values()].filter(({ name }) => pickleName.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) throw refuse(`has ${pickles.length} entries data.pkl`);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if ([...entries.keys()].some((name) => name.startsWith(`${folder}code/`))) {
    throw refuse('is a TorchScript program, not a dictionary of tensors', { remedy: plainDictionaryRemedy });
  }
  const order = entries.get(`${folder}byteorder`);
  const byteOrder = order === undefined ? 'little' : Buffer.from(entryBytes(order, 64, refuse)).toString('latin1');
  if (byteOrder !== 'little') {
    throw refuse(`has values of the byte order '${byteOrder}'`, {
      remedy: 'Save it again on a little-endian machine.',
    });
  }
  const bytes = entryBytes(pickle, pickleLimit, refuse);
  const source = {
    byteLength: bytes.byteLength,
    bytes: (start: number, length: number) => bytes.slice(start, start + length),
  };
  const value = readPickle(new ByteCursor(source, 0, pickleLimit, refuse), new TorchObjects(refuse), refuse);
  return stateDictTensors(value, (key) => entries.get(`${folder}data/${key}`), refuse);
}
