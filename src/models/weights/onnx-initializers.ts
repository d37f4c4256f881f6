import { ModelError } from '../../errors.ts';
import { readModel } from '../onnx/read.ts';
import type { SourceFile } from './source-file.ts';
import { type WeightTensor, type WeightType, weightTypeBytes } from './weight-tensor.ts';

const types: Readonly<Record<number, WeightType>> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  16: 'BF16',
};

/**
 * The initialisers of an ONNX file, by name. Initialisers of unsigned 16, 32 or 64-bit integers are refused.
 *
 * @throws ModelError `weights` when the file is broken, or a name occurs twice.
 */
export function readOnnxInitializers(file: SourceFile): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, elementType, byteLength, pieces } of readModel(file.path).initializers) {
    const type = types[elementType];
    if (type === undefined) throw file.refuse(`has initialiser '${name}' of the ONNX element type ${elementType}`);
    if (tensors.has(name)) throw file.refuse(`has two initialisers '${name}'`);
    tensors.set(name, { name, shape, type, byteLength, pieces: () => wholeElements(pieces(), type, file) });
  }
  return tensors;
}

/** A read may end anywhere; pieces of a weight tensor hold whole elements. */
function* wholeElements(pieces: Iterable<Uint8Array>, type: WeightType, file: SourceFile): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece.byteLength % weightTypeBytes[type] !== 0) {
      throw new ModelError('weights', `${file.path} was read in the middle of a value`, { remedy: 'Read it again.' });
    }
    yield piece;
  }
}
