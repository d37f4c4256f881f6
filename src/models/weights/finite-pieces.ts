import { endianness } from 'node:os';
import { shown } from '../../core/check.ts';
import { ModelError } from '../../core/errors.ts';
import type { Initializer } from '../onnx/onnx-graph.ts';

/**
 * All exponent bits of a float32, in machine byte order; only NaNs and infinities have them all
 * set.
 */
const exponent = endianness() === 'LE' ? 0x7f80_0000 : 0x0000_807f;

/**
 * A float32 constant whose values are checked while they are written: with a NaN or an infinity
 * among them every result would be one, and the media would seem to be at fault.
 *
 * @param path - of the values' file, for the message.
 * @throws ModelError `weights` from `pieces()`, naming the tensor and the first such value's index.
 */
export function finiteInitializer(initializer: Initializer, path: string): Initializer {
  return { ...initializer, pieces: () => finitePieces(initializer, path) };
}

function* finitePieces({ name, pieces }: Initializer, path: string): Generator<Uint8Array> {
  let before = 0;
  for (const piece of pieces()) {
    const index = firstNotFinite(piece);
    if (index >= 0) {
      throw new ModelError(
        'weights',
        `${path}: tensor ${shown(name)} has values that are not finite (first at ${before + index})`,
        { remedy: 'The file is damaged, or its training diverged: download it again, or use an earlier checkpoint.' },
      );
    }
    before += piece.byteLength / 4;
    yield piece;
  }
}

/**
 * Index of the first value that is not finite, or -1. Reads words instead of using a DataView,
 * which is several times as fast.
 */
function firstNotFinite(piece: Uint8Array): number {
  const aligned = piece.byteOffset % 4 === 0 ? piece : new Uint8Array(piece);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2);
  for (let index = 0; index < words.length; index++) {
    if (((words[index] as number) & exponent) === exponent) return index;
  }
  return -1;
}
