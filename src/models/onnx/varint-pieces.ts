import type { FieldRange } from '../../core/protobuf-reader.ts';
import { filePieces } from './external-data.ts';
import type { ProtobufFile } from './protobuf-file.ts';

const pieceBytes = 1 << 20;

/**
 * Protobuf integers as the little-endian values of a tensor, at most 1 MiB at a time. Every element
 * type of up to 8 bytes is stored like this: only as many low bytes of the integer count as an
 * element has, which covers the bits of a float16 as well as negative numbers.
 *
 * @param ranges - where the integers are, packed or one by one.
 * @param width - bytes of an element.
 * @throws ModelError `weights` if there are more or fewer than `byteLength` requires, or one is
 * broken.
 */
export function* varintPieces(
  file: ProtobufFile,
  ranges: readonly FieldRange[],
  width: number,
  byteLength: number,
  what: string,
): Generator<Uint8Array> {
  const room = new Uint8Array(Math.min(byteLength, pieceBytes));
  const [first] = ranges as [FieldRange];
  let filled = 0;
  let done = 0;
  // State of the integer being read: its two halves, and the position of the next 7 bits.
  let low = 0;
  let high = 0;
  let shift = 0;
  for (const { start, end } of ranges) {
    for (const bytes of filePieces(file.path, start, end - start)) {
      for (let index = 0; index < bytes.length; index++) {
        const byte = bytes[index] as number;
        const bits = byte & 127;
        if (shift < 32) low |= bits << shift;
        if (shift >= 32) high |= bits << (shift - 32);
        else if (shift > 25) high |= bits >>> (32 - shift);
        shift += 7;
        if (byte > 127) {
          if (shift > 63) throw file.broken(start, `an integer of more than 10 bytes in ${what}`);
          continue;
        }
        if (done + filled + width > byteLength) {
          throw file.broken(first.start, `${what} with more values than its shape allows`);
        }
        for (let each = 0; each < width; each++) {
          room[filled++] = each < 4 ? low >>> (8 * each) : high >>> (8 * (each - 4));
        }
        low = 0;
        high = 0;
        shift = 0;
        if (filled < room.length) continue;
        yield room.subarray(0, filled);
        done += filled;
        filled = 0;
      }
    }
    if (shift !== 0) throw file.broken(end, `an integer that is cut off in ${what}`);
  }
  if (filled > 0) yield room.subarray(0, filled);
  if (done + filled !== byteLength) {
    throw file.broken(
      first.start,
      `${what} with ${(done + filled) / width} values where its shape needs ${byteLength / width}`,
    );
  }
}
