import { ModelError } from '../../core/errors.ts';
import { fileKind, isText } from '../../core/file-kind.ts';

/**
 * Keys of the fields that an ONNX model can start with (ModelProto: field number times 8, plus the
 * wire type).
 */
const starts = new Set([0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca]);

/**
 * Whether a file's first bytes can be those of an ONNX model. Text cannot, although a letter may be
 * the key of a field: a model's lengths and numbers produce characters that no text has.
 */
export function looksLikeOnnx(start: Uint8Array): boolean {
  return starts.has(start[0] ?? 0) && !isText(start);
}

/** The error that says what a file is instead of an ONNX model. */
export function notOnnx(path: string, start: Uint8Array): ModelError {
  const kind = fileKind(start);
  const is = kind?.is ?? (isText(start) ? 'is text' : 'starts with none of the fields of an ONNX model');
  return new ModelError('weights', `${path} is not an ONNX model: it ${is}`, {
    remedy:
      kind?.remedy ??
      "Give a network exported as .onnx (torch.onnx.export, tf2onnx). Weights of a network that is known by name: `importWeights({ name: 'NAME', file: 'FILE' })`.",
  });
}
