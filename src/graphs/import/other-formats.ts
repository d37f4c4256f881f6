import { shellPath } from '../../core/shell-word.ts';

/**
 * How files of features in formats that are not read become such as are, by a command of Python.
 */
const COMMANDS = {
  pickle: `python3 -c "import numpy, pickle, sys; d = pickle.load(open(sys.argv[1], 'rb')); numpy.savez(sys.argv[2], ids=[str(k) for k in d], values=numpy.array([d[k] for k in d]))"`,
  pickles: `python3 -c "import numpy, pickle, sys; [numpy.save(p[:p.rindex('.')] + '.npy', pickle.load(open(p, 'rb'))) for p in sys.argv[1:]]"`,
  hdf5: `python3 -c "import h5py, numpy, sys; f = h5py.File(sys.argv[1]); numpy.savez(sys.argv[2], **{k: f[k][()] for k in f})"`,
  json: `python3 -c "import json, sys; [print(json.dumps({'id': k, 'v': v})) for k, v in json.load(open(sys.argv[1])).items()]"`,
};

const WARNING = 'Reading a pickle can run a program, so none is read. If you trust it, ';

/** What to do about one pickle. */
export function pickleRemedy(path: string): string {
  return `${WARNING}save it as .npz; of vectors by id: \`${COMMANDS.pickle} ${shellPath(path)} features.npz\`.`;
}

/** What to do about a directory with a pickle for each item. */
export function pickleDirectoryRemedy(directory: string, end: string): string {
  return `${WARNING}save each beside it as .npy, where it is a vector: \`${COMMANDS.pickles} ${shellPath(directory)}/*${end}\`, then name the directory again.`;
}

/** What to do about an HDF5 file. */
export function hdf5Remedy(path: string): string {
  return `Save its arrays as .npz: \`${COMMANDS.hdf5} ${shellPath(path)} features.npz\` (where they are in a group, \`f = h5py.File(...)['GROUP']\`).`;
}

/** What to do about a JSON file that is one object with a key for each item. */
export function jsonObjectRemedy(path: string): string {
  return `Write a line for each item: \`${COMMANDS.json} ${shellPath(path)} > features.jsonl\`.`;
}
