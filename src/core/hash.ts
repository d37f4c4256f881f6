import { createHash, hash as hashOnce } from 'node:crypto';
import { createReadStream } from 'node:fs';

/**
 * SHA-256, 64 hexadecimal digits, of concatenated parts: texts as UTF-8, and the bytes of typed
 * arrays.
 *
 * @example
 * sha256(ratings.users, ratings.items, JSON.stringify({ k: 40 }));
 */
export function sha256(...parts: readonly (string | NodeJS.ArrayBufferView)[]): string {
  const [only] = parts;
  // Takes a fifth of the time for a short text.
  if (parts.length === 1 && only !== undefined) return hashOnce('sha256', only, 'hex');
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Maximum bytes of a file read at a time. */
const READ_BYTES = 1 << 20;

/**
 * SHA-256 and length of a file, read as a stream.
 *
 * @param size - of the file, if known: a megabyte buffer for each of many small files would cost
 * more than their content.
 * @throws the file system's own error; the reason of `signal`.
 *
 * @example
 * const { sha256, bytes } = await hashFile('weights.pth');
 */
export async function hashFile(
  path: string,
  { signal, size = READ_BYTES }: { readonly signal?: AbortSignal | undefined; readonly size?: number | undefined } = {},
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: Math.min(size + 1, READ_BYTES), signal })) {
    const piece = chunk as Buffer;
    hash.update(piece);
    bytes += piece.byteLength;
  }
  return { sha256: hash.digest('hex'), bytes };
}
