import { shown } from '../../core/check.ts';
import { headerLength, parseSafetensorsHeader } from './safetensors-header.ts';
import type { SourceFile } from './source-file.ts';
import type { FileTensors, WeightTensor } from './weight-tensor.ts';

/**
 * Enough for more than 100,000 tensors; less than the format's own 100 MB, which would be parsed in
 * one go.
 */
const headerLimit = 16 * 1024 * 1024;

/** Whether a file starts like safetensors: the length of a header, then its opening brace. */
export function looksLikeSafetensors(start: Uint8Array, fileBytes: number): boolean {
  if (start.byteLength < 9 || start[8] !== 0x7b) return false;
  return new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true) <= BigInt(fileBytes);
}

/**
 * The tensors of a safetensors file. Only the header is read; the values are read by position on
 * demand.
 *
 * @throws ModelError `weights` for a broken header, or one of more than 16 MiB.
 */
export function readSafetensorsFile(file: SourceFile): FileTensors {
  const broken = (what: string, cause?: unknown) => file.refuse(`is not a valid safetensors file: ${what}`, { cause });
  const start = file.bytes(0, Math.min(8, file.byteLength));
  const headerBytes = headerLength(start, file.byteLength, headerLimit, broken);
  const values = 8 + headerBytes;
  const { places } = parseSafetensorsHeader(file.bytes(8, headerBytes), file.byteLength - values, broken);
  const tensors = new Map<string, WeightTensor>();
  const unread = new Map<string, string>();
  for (const { name, type, dtype, shape, start, end } of places) {
    if (type === undefined) unread.set(name, `has tensor '${name}' of the type ${shown(dtype)}`);
    else {
      const pieces = () => file.pieces(values + start, values + end);
      tensors.set(name, { name, shape, type, byteLength: end - start, pieces });
    }
  }
  return { tensors, unread };
}
