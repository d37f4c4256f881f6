/** Bytes of memory that nothing holds any more, in tests: white in pictures, NaN in sound. */
const POISON = 0xff;

/** Overwrites the whole memory of a view. */
export function poison({ buffer }: ArrayBufferView): void {
  new Uint8Array(buffer).fill(POISON);
}
