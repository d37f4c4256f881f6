/**
 * A text from outside (a file's name, a tensor's, an address) as it may reach a terminal: control
 * and format characters, which could steer it or turn the direction of writing, lone surrogates and
 * separators of lines become U+FFFD.
 *
 * @example
 * printable('net\u001b[2J.pth'); // 'net\ufffd[2J.pth'
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/**
 * As `printable`, of a text that may be long: one of more than `most` UTF-16 units is cut there,
 * and ends in `...`.
 */
export function printableStart(text: string, most: number): string {
  return printable(text.length > most ? `${text.slice(0, most)}...` : text);
}

/**
 * As `printable`, of a text of lines: line feeds and tabs stay.
 *
 * @example
 * printableLines('one\n\u001b[2Jtwo'); // 'one\n\ufffd[2Jtwo'
 */
export function printableLines(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/**
 * A value as JSON that a terminal shows and does nothing with: the same value to whoever reads it.
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
