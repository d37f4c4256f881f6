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
