/** What an unexpected file is, and what to do about it. */
export interface FileKind {
  /** A phrase that continues 'the file ...'. */
  readonly is: string;
  readonly remedy?: string | undefined;
}

const fetchRemedy = 'Fetch the file itself: `git lfs pull`, or the address of the raw file.';

const signatures: readonly (readonly [signature: string, FileKind])[] = [
  ['version https://git-lfs', { is: 'is a Git LFS pointer, not the file itself', remedy: fetchRemedy }],
  ['version https://hawser', { is: 'is a Git LFS pointer, not the file itself', remedy: fetchRemedy }],
  ['PK\x03\x04', { is: 'is a zip archive' }],
  ['\x93NUMPY', { is: 'is a NumPy array' }],
  ['\x89HDF', { is: 'is an HDF5 file (Keras)' }],
  ['\x1f\x8b', { is: 'is compressed with gzip', remedy: 'Unpack it first: `gunzip -k FILE`.' }],
  ['BZh', { is: 'is compressed with bzip2', remedy: 'Unpack it first: `bunzip2 -k FILE`.' }],
  ['\xfd7zXZ', { is: 'is compressed with xz', remedy: 'Unpack it first: `unxz -k FILE`.' }],
  ['\x28\xb5\x2f\xfd', { is: 'is compressed with Zstandard', remedy: 'Unpack it first: `unzstd FILE`.' }],
  ['\xff\xfe', { is: 'is UTF-16 text', remedy: 'Save it as UTF-8.' }],
  ['\xfe\xff', { is: 'is UTF-16 text', remedy: 'Save it as UTF-8.' }],
  ['%PDF', { is: 'is a PDF document' }],
  ['\x80', { is: 'is a pickle' }],
];

/**
 * What a file is according to its first bytes, if it is one of those often given by mistake instead
 * of weights or ratings. Undefined for anything else.
 *
 * @param start - at least the first 64 bytes, or all of a shorter file.
 *
 * @example
 * fileKind(Buffer.from('version https://git-lfs.github.com/spec/v1'))?.is; // 'is a Git LFS pointer, not the file itself'
 */
export function fileKind(start: Uint8Array): FileKind | undefined {
  if (start.byteLength === 0) return { is: 'is empty' };
  const text = Buffer.from(start).toString('latin1');
  const [, known] = signatures.find(([signature]) => text.startsWith(signature)) ?? [];
  if (known) return known;
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    return { is: 'is a web page, not the file itself', remedy: fetchRemedy };
  return text.startsWith('TFL3', 4) ? { is: 'is a TensorFlow Lite model' } : undefined;
}

/** Whether bytes are text: no weight file consists only of characters that may occur in text. */
export function isText(start: Uint8Array): boolean {
  return start.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
