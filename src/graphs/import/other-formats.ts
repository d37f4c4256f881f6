import { shellPath } from '../../core/shell-word.ts';

/**
 * Python commands that convert files of features from unsupported formats to supported ones.
 */
const COMMANDS = {
  pickle: `python3 -c "import numpy, pickle, sys; d = pickle.load(open(sys.argv[1], 'rb')); numpy.savez(sys.argv[2], ids=[str(k) for k in d], values=numpy.array([d[k] for k in d]))"`,
  pickles: `python3 -c "import numpy, pickle, sys; [numpy.save(p[:p.rindex('.')] + '.npy', pickle.load(open(p, 'rb'))) for p in sys.argv[1:]]"`,
  hdf5: `python3 -c "import h5py, numpy, sys; f = h5py.File(sys.argv[1]); numpy.savez(sys.argv[2], **{k: f[k][()] for k in f})"`,
  json: `python3 -c "import json, sys; [print(json.dumps({'id': k, 'v': v})) for k, v in json.load(open(sys.argv[1])).items()]"`,
};

const WARNING = 'Reading a pickle can run a program, so pickles are not read. If you trust it, ';

/** What to do about one pickle. */
export function pickleRemedy(path: string): string {
  return `${WARNING}save it as .npz; for vectors by id: \`${COMMANDS.pickle} ${shellPath(path)} features.npz\`.`;
}

/** What to do about a directory with a pickle for each item. */
export function pickleDirectoryRemedy(directory: string, end: string): string {
  return `${WARNING}save each as .npy beside it, if it holds a vector: \`${COMMANDS.pickles} ${shellPath(directory)}/*${end}\`, then name the directory again.`;
}

/** What to do about an HDF5 file. */
export function hdf5Remedy(path: string): string {
  return `Save its arrays as .npz: \`${COMMANDS.hdf5} ${shellPath(path)} features.npz\` (if they are in a group, \`f = h5py.File(...)['GROUP']\`).`;
}

/** What to do about a JSON file that is one object with a key for each item. */
export function jsonObjectRemedy(path: string): string {
  return `Write one line per item: \`${COMMANDS.json} ${shellPath(path)} > features.jsonl\`.`;
}
