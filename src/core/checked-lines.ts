import { crc32 } from 'node:zlib';

const SUM_DIGITS = 8;

/**
 * A line of a file that any number of processes append to: a CRC-32 and a text without line breaks.
 * The line break before it keeps a line that a killed process left unfinished from swallowing this
 * one.
 */
export function checkedLine(text: string): string {
  return `\n${crc32(text).toString(16).padStart(SUM_DIGITS, '0')} ${text}\n`;
}

/**
 * The text of such a line, given in a buffer without its line breaks; undefined if it is damaged,
 * cut off or merged with another.
 */
export function textOfLine(bytes: Buffer, start: number, end: number): string | undefined {
  const begin = start + SUM_DIGITS + 1;
  // A checksum without text is not a line.
  if (end - begin < 1 || bytes[begin - 1] !== 0x20) return undefined;
  const sum = Number(`0x${bytes.toString('latin1', start, begin - 1)}`);
  return crc32(bytes.subarray(begin, end)) === sum ? bytes.toString('utf8', begin, end) : undefined;
}
