import { printableLines } from '../src/core/printable.ts';

/** Coloured text, if the stream wants it. */
export interface Colours {
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

const ESCAPE = '\u001b';
const painted = (colour: number) => (text: string) => `${ESCAPE}[${colour}m${text}${ESCAPE}[39m`;
const plain = (text: string) => text;

/**
 * Whether a stream wants colours: `FORCE_COLOR` (other than 0 or false) turns them on, `NO_COLOR`
 * turns them off; otherwise a terminal that can show them gets them (`TERM=dumb` cannot).
 */
export function wantsColours(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none } = env;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (none !== undefined && none !== '') return false;
  return stream.isTTY === true && stream.hasColors(env);
}

/** The colours of a stream; they do nothing if the stream wants none. */
export function coloursOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Colours {
  return wantsColours(stream, env)
    ? { red: painted(31), yellow: painted(33), green: painted(32) }
    : { red: plain, yellow: plain, green: plain };
}

/** The escape sequences that `painted` writes. */
const PAINT = new RegExp(`(${ESCAPE}\\[(?:31|32|33|39)m)`);

/** Lines of text made safe for a terminal: of all control sequences, only these colours survive. */
export function printablePainted(text: string): string {
  return text
    .split(PAINT)
    .map((part, place) => (place % 2 === 1 ? part : printableLines(part)))
    .join('');
}
