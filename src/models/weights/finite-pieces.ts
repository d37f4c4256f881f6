import { shown } from '../../check.ts';
import { ModelError } from '../../errors.ts';
import type { Initializer } from '../onnx/graph.ts';

const exponent = 0x7f80_0000;

/**
 * A float32 constant whose values are looked at while they are written: with a NaN or an infinity among them every result would be one, and the
 * media would seem to be at fault.
 *
 * @param path - of the file that the values come from, for the message.
 * @throws ModelError `weights` from `pieces()`, naming the tensor and the first such value's index.
 */
export function finiteInitializer(initializer: Initializer, path: string): Initializer {
  return { ...initializer, pieces: () => finitePieces(initializer, path) };
}

function* finitePieces({ name, pieces }: Initializer, path: string): Generator<Uint8Array> {
  let before = 0;
  for (const piece of pieces()) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let position = 0; position + 4 <= piece.byteLength; position += 4) {
      if ((view.getUint32(position, true) & exponent) !== exponent) continue;
      throw new ModelError(
        'weights',
        `${path}: tensor ${shown(name)} has values that are not finite (first at ${before + position / 4})`,
        { remedy: 'The file is damaged, or its training diverged: get it again, or take an earlier checkpoint.' },
      );
    }
    before += piece.byteLength / 4;
    yield piece;
  }
}
