import { fileKind } from '../../core/file-kind.ts';
import { looksLikeOnnx } from '../onnx/looks-like-onnx.ts';
import { elementTypes, type Initializer } from '../onnx/onnx-graph.ts';
import { floatPieces } from './float-pieces.ts';
import { looksLikeNpy, plainArrayRemedy, readNpy } from './npy.ts';
import { readNpz } from './npz.ts';
import { readOnnxInitializers } from './onnx-initializers.ts';
import { looksLikeLegacyPth, readPthLegacy } from './pth-legacy.ts';
import { looksLikePth, readPthZip } from './pth-zip.ts';
import { looksLikeSafetensors, readSafetensorsFile } from './safetensors-file.ts';
import { SourceFile } from './source-file.ts';
import { type FileTensors, type WeightFile, type WeightTensor, weightTypeBytes } from './weight-tensor.ts';
import { readZipEntries } from './zip-entry.ts';

export type { WeightFile, WeightTensor, WeightType } from './weight-tensor.ts';

const knownFormats = 'PyTorch (.pth), safetensors, NumPy (.npz, .npy) and ONNX';

/**
 * Reads the structure of a weight file; the values stay in the file until a tensor's `pieces()` are
 * read. The format is recognised by content, not by name. A `.npy` file has one tensor, named ''.
 *
 * @throws ModelError `weights` if the file is missing, broken, damaged, of another format, or
 * contains anything but a dictionary of tensors.
 * @example
 * for (const { name, shape } of readWeights('alexnet.safetensors').tensors.values()) console.log(name, shape);
 */
export function readWeights(path: string): WeightFile {
  const file = new SourceFile(path);
  try {
    return { path, ...read(file) };
  } finally {
    file.close();
  }
}

function read(file: SourceFile): Omit<WeightFile, 'path'> {
  const start = file.bytes(0, Math.min(file.byteLength, 512));
  if (looksLikeNpy(start)) return { format: 'npy', ...single(readNpy('', file, file.refuse), file) };
  if (looksLikeSafetensors(start, file.byteLength)) return { format: 'safetensors', ...readSafetensorsFile(file) };
  if (looksLikeLegacyPth(start)) return { format: 'pth-legacy', ...readPthLegacy(file) };
  if (startsWith(start, 'PK\x03\x04')) return readArchive(file);
  if (looksLikeOnnx(start)) return { format: 'onnx', ...readOnnxInitializers(file) };
  const kind = fileKind(start);
  const isPickle = start[0] === 0x80;
  throw file.refuse(
    isPickle
      ? "is a pickle, but not of torch.save's layouts: nothing was executed"
      : (kind?.is ?? 'is not in a supported format'),
    { remedy: kind?.remedy ?? `Supported formats: ${knownFormats}.` },
  );
}

/** A file with one array. */
function single(read: WeightTensor | string, file: SourceFile): FileTensors {
  if (typeof read === 'string') throw file.refuse(read, { remedy: plainArrayRemedy });
  return { tensors: new Map([['', read]]), unread: new Map() };
}

function readArchive(file: SourceFile): Omit<WeightFile, 'path'> {
  const entries = readZipEntries(file);
  if (looksLikePth(entries)) return { format: 'pth', ...readPthZip(file, entries) };
  if ([...entries.keys()].every((name) => name.endsWith('.npy'))) {
    return { format: 'npz', ...readNpz(file, entries) };
  }
  throw file.refuse('is a zip archive, but neither of torch.save (data.pkl) nor of numpy.savez (.npy entries)', {
    remedy: `Supported formats: ${knownFormats}.`,
  });
}

function startsWith(start: Uint8Array, text: string): boolean {
  return Buffer.from(start.subarray(0, text.length)).equals(Buffer.from(text, 'latin1'));
}

/**
 * A tensor of a weight file as a float32 constant of an ONNX graph, named `name` or as in the file.
 * Other types are converted piece by piece when the constant is written.
 */
export function floatInitializer(tensor: WeightTensor, name: string = tensor.name): Initializer {
  const byteLength = (tensor.byteLength / weightTypeBytes[tensor.type]) * 4;
  return {
    name,
    shape: tensor.shape,
    elementType: elementTypes.float32,
    byteLength,
    pieces: () => floatPieces(tensor),
  };
}
