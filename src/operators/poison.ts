/** The byte that fills memory nobody holds any more, in tests: white in frames, NaN in audio. */
const POISON = 0xff;

/** Overwrites the whole memory of a view. */
export function poison({ buffer }: ArrayBufferView): void {
  new Uint8Array(buffer).fill(POISON);
}
