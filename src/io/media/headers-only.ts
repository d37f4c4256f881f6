import { type ReadAt, tagLength } from './stated-size.ts';

/** Bytes of an ID3v1 tag, which a file can end with. */
const LAST_TAG = 128;
const MAXIMUM_TAGS = 1000;
const SCRIPT_DATA = 18;

/**
 * Whether a file is nothing but tags, such as an MP3 without a frame, or the header of an FLV
 * without video or audio.
 */
export async function isHeadersOnly(bytes: number, readAt: ReadAt): Promise<boolean> {
  const start = (await readAt(0, 3)).toString('latin1');
  if (start === 'FLV') return isFlvHeader(bytes, readAt);
  return (start === 'ID3' || start === 'TAG') && isTags(bytes, readAt);
}

/** The header, then tags of script data, each followed by its size. */
async function isFlvHeader(bytes: number, readAt: ReadAt): Promise<boolean> {
  const header = await readAt(0, 9);
  if (header.length < 9) return false;
  let position = header.readUInt32BE(5) + 4;
  for (let count = 0; count < MAXIMUM_TAGS && position < bytes; count += 1) {
    const tag = await readAt(position, 11);
    if (tag.length < 11 || tag[0] !== SCRIPT_DATA) return false;
    position += 11 + tag.readUIntBE(1, 3) + 4;
  }
  return position === bytes || position === bytes + 4;
}

/** Consecutive ID3v2 tags, then at most an ID3v1 tag. */
async function isTags(bytes: number, readAt: ReadAt): Promise<boolean> {
  let position = 0;
  for (let count = 0; count < MAXIMUM_TAGS && position < bytes; count += 1) {
    const tag = await readAt(position, 10);
    const length = tagLength(tag);
    if (length === undefined) return position === bytes - LAST_TAG && tag.toString('latin1', 0, 3) === 'TAG';
    position += length;
  }
  return position === bytes;
}
