import type { Initializer } from '../onnx/onnx-graph.ts';

/**
 * Values of a float32 initialiser in pieces of whole numbers: those of a file may end inside one.
 * Each piece is overwritten by the next: garbage of a loop that never waits would pile up to the
 * size of the weights.
 */
export function* floatPieces(initializer: Initializer): Generator<Float32Array> {
  const single = new Float32Array(1);
  const held = new Uint8Array(single.buffer);
  let room = new Float32Array();
  let count = 0;
  for (const piece of initializer.pieces()) {
    let start = 0;
    while (count > 0 && start < piece.length) {
      held[count++] = piece[start++] as number;
      if (count < 4) continue;
      count = 0;
      yield single;
    }
    const whole = (piece.length - start) & ~3;
    if (whole > 0) {
      if (4 * room.length < whole) room = new Float32Array(whole / 4);
      new Uint8Array(room.buffer).set(piece.subarray(start, start + whole));
      yield room.subarray(0, whole / 4);
    }
    for (let at = start + whole; at < piece.length; at++) held[count++] = piece[at] as number;
  }
}
