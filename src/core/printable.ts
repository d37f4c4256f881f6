/**
 * A text from outside (a file's name, a tensor's, an address) made safe for a terminal: control and
 * format characters, which could control it or change the writing direction, lone surrogates and
 * line separators become U+FFFD.
 *
 * @example
 * printable('net\u001b[2J.pth'); // 'net\ufffd[2J.pth'
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/**
 * Like `printable`, for a text that may be long: one of more than `most` UTF-16 units is cut there
 * and ends in `...`.
 */
export function printableStart(text: string, most: number): string {
  return printable(text.length > most ? `${text.slice(0, most)}...` : text);
}

/**
 * Like `printable`, for a text of several lines: line feeds and tabs are kept.
 *
 * @example
 * printableLines('one\n\u001b[2Jtwo'); // 'one\n\ufffd[2Jtwo'
 */
export function printableLines(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/**
 * A value as JSON that is harmless on a terminal and parses to the same value.
 *
 * @example
 * printableJson('\u009b2J'); // '"\\u009b2J"'
 */
export function printableJson(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) =>
    found.split('').map(escaped).join(''),
  );
}
