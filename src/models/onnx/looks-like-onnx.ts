/** Keys of the fields that an ONNX model can start with (ModelProto: field number times 8, plus the wire type). */
const starts = new Set([0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca]);

/**
 * Whether the start of a file can be that of an ONNX model. Text is none, though a letter may be the key of a field: the lengths and numbers of a
 * model leave characters that no text has.
 */
export function looksLikeOnnx(start: Uint8Array): boolean {
  const isText = start.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  return starts.has(start[0] ?? 0) && !isText;
}
