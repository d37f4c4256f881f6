import { ModelError } from '../../core/errors.ts';
import { elementTypeName } from '../onnx/onnx-graph.ts';
import { readModel } from '../onnx/read.ts';
import type { SourceFile } from './source-file.ts';
import { type FileTensors, type WeightTensor, type WeightType, weightTypeBytes } from './weight-tensor.ts';

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
  4: 'U16',
  12: 'U32',
  13: 'U64',
  17: 'F8_E4M3',
  19: 'F8_E5M2',
};

/**
 * The initialisers of an ONNX file, by name. Those of a type that weights cannot have are listed by
 * name.
 *
 * @throws ModelError `weights` if the file is broken, or a name occurs twice.
 */
export function readOnnxInitializers(file: SourceFile): FileTensors {
  const tensors = new Map<string, WeightTensor>();
  const unread = new Map<string, string>();
  for (const { name, shape, elementType, byteLength, pieces } of readModel(file.path).initializers) {
    const type = types[elementType];
    if (type === undefined) {
      unread.set(name, `has initialiser '${name}' of the type ${elementTypeName(elementType)}`);
      continue;
    }
    if (tensors.has(name)) throw file.refuse(`has two initialisers '${name}'`);
    tensors.set(name, { name, shape, type, byteLength, pieces: () => wholeElements(pieces(), type, file) });
  }
  return { tensors, unread };
}

/** A read may end anywhere, but pieces of a weight tensor hold whole elements. */
function* wholeElements(pieces: Iterable<Uint8Array>, type: WeightType, file: SourceFile): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece.byteLength % weightTypeBytes[type] !== 0) {
      throw new ModelError('weights', `${file.path} was read in the middle of a value`, { remedy: 'Read it again.' });
    }
    yield piece;
  }
}
