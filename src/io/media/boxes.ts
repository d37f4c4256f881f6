import type { ReadAt } from './stated-size.ts';

/** A top-level box of an MP4 or QuickTime file. */
export interface Box {
  /** Four characters: `moov`, `moof`, `mdat`. */
  readonly type: string;
  readonly start: number;
  /** Its stated end, which may be beyond the end of the file. */
  readonly end: number;
}

const MAXIMUM_BOXES = 200_000;

/**
 * The top-level boxes of an MP4; if the file is cut, so is the last one. Stops at anything that is
 * not a box.
 */
export async function outermostBoxes(bytes: number, readAt: ReadAt): Promise<Box[]> {
  const boxes: Box[] = [];
  let start = 0;
  while (start + 8 <= bytes && boxes.length < MAXIMUM_BOXES) {
    const header = await readAt(start, 16);
    const type = header.toString('latin1', 4, 8);
    let size = header.readUInt32BE(0);
    if (size === 1 && header.length === 16) size = Number(header.readBigUInt64BE(8));
    if (size === 0) size = bytes - start;
    if (size < 8 || !/^[\x20-\x7e\xa9]{4}$/.test(type)) break;
    boxes.push({ type, start, end: start + size });
    start += size;
  }
  return boxes;
}

/**
 * The readable length of a fragmented MP4 that ends inside a fragment's index (`moof`): a demuxer
 * that reaches such an end refuses the whole file. Undefined for any other file.
 */
export async function readableEnd(bytes: number, readAt: ReadAt): Promise<number | undefined> {
  const boxes = await outermostBoxes(bytes, readAt);
  const last = boxes.at(-1);
  if (last === undefined || !boxes.some(({ type }) => type === 'moov')) return undefined;
  const rest = last.end < bytes && bytes - last.end < 8 ? last.end : undefined;
  const cut = last.end > bytes && last.type === 'moof' ? last.start : rest;
  return cut !== undefined && boxes.some(({ type, end }) => type === 'moof' && end <= cut) ? cut : undefined;
}
