import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ModelError } from '../../errors.ts';

const remedies = {
  path: 'Give the path of an ONNX file.',
  content:
    'Give a network exported as ONNX. Weights of a network that is known by name: `reelflow models import NAME FILE`.',
};

/** Keys of the fields that an ONNX model can start with (ModelProto: field number times 8, plus the wire type). */
const onnxStarts = [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];

/**
 * Asserts that a path is that of a file, and that it starts as an ONNX file can: what a reader of ONNX says of archives and texts helps nobody.
 *
 * @throws ModelError `weights` when it is missing, is no file, or is plainly of another kind.
 */
export function checkOnnxFile(path: string): void {
  const start = firstBytes(path);
  const kind = otherKind(start);
  if (kind !== undefined) {
    throw new ModelError('weights', `${path} is no ONNX file: ${kind}`, { remedy: remedies.content });
  }
}

function firstBytes(path: string): Uint8Array {
  let isFile: boolean;
  try {
    isFile = statSync(path).isFile();
    if (isFile) {
      const descriptor = openSync(path, 'r');
      try {
        const bytes = new Uint8Array(512);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.byteLength, 0));
      } finally {
        closeSync(descriptor);
      }
    }
  } catch (error) {
    throw new ModelError('weights', `${path} cannot be read: ${(error as Error).message}`, {
      remedy: remedies.path,
      cause: error,
    });
  }
  throw new ModelError('weights', `${path} is not a file`, { remedy: remedies.path });
}

/** What a file is that cannot be ONNX, or undefined. */
function otherKind(start: Uint8Array): string | undefined {
  if (start.byteLength === 0) return 'it is empty';
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith('PK\x03\x04')) return 'it is a zip archive, as .npz and .pth files are';
  if (text.startsWith('\x93NUMPY')) return 'it is an array of NumPy';
  if (text.startsWith('\x89HDF')) return 'it is an HDF5 file';
  // The version of ONNX alone makes a byte that no text has.
  if (start.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))) return 'it is text';
  return onnxStarts.includes(start[0] as number) ? undefined : 'it starts with none of the fields of an ONNX model';
}
