import { isUtf8 } from 'node:buffer';

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => 10 ** power);
const [SPACE, DOT, ZERO] = [32, 46, 48];

/**
 * Parses the bytes as a whole number in plain form: at most nine digits, no sign, no leading zero.
 *
 * @returns -1 if they are anything else.
 */
export function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 9 || (length > 1 && bytes[start] === ZERO)) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Parses the bytes as a number in decimal notation, as precisely as float64 allows: `3`, `3.5`,
 * `-1e-3`; spaces around it are skipped.
 *
 * @returns NaN if they are not a finite number.
 */
export function decimalNumber(bytes: Buffer, start: number, end: number): number {
  if (end - start <= 16 && end > start) {
    let [digits, places, dots] = [0, 0, 0];
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === DOT) dots += 1;
      else if (byte >= ZERO && byte <= ZERO + 9) {
        digits = digits * 10 + byte - ZERO;
        places += dots;
      } else break;
    }
    // At most 15 digits and one exact power of ten: one division, so correctly rounded.
    const digitCount = end - start - dots;
    if (at === end && dots <= 1 && digitCount > 0 && digitCount <= 15) {
      return places === 0 ? digits : digits / (POWERS_OF_TEN[places] as number);
    }
  }
  return decimalText(bytes.toString('latin1', start, end));
}

/** Parses a text as a number in decimal notation; NaN if it is not one. */
export function decimalText(text: string): number {
  const trimmed = text.trim();
  const value = DECIMAL.test(trimmed) ? Number(trimmed) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/**
 * Decodes bytes as UTF-8 if they are valid, else as latin-1, which has a character for every byte.
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const part = bytes.subarray(start, end);
  return part.toString(isUtf8(part) ? 'utf8' : 'latin1');
}

/** The start of the bytes without leading spaces. */
export function skipSpaces(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === SPACE) at += 1;
  return at;
}

/** The end of the bytes without trailing spaces. */
export function trimSpaces(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === SPACE) at -= 1;
  return at;
}
