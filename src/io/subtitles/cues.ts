import { decodeEntities } from './entities.ts';

/** A text with the time in which it is shown. */
export interface Cue {
  /** Seconds from the start. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `00:01:02,500 --> 00:01:04,000`; WebVTT may leave out the hours. */
const timing =
  /^\s*(?:(\d+):)?(\d{1,2}):(\d{2})[,.](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})[,.](\d{1,3})(?:\s.*)?$/;
/** `<i>`, `<c.yellow>`, `<00:00:01.000>` and `{\an8}`. */
const markup = /<[^<>]*>|\{\\[^{}]*\}/g;

/**
 * The cues of subtitles, SubRip (.srt) or WebVTT (.vtt), in the order of the file, without markup.
 * A block without a line of times (a header, a note, a style) is skipped, as is a cue that ends
 * before it starts.
 *
 * @example
 * cuesOf('1\n00:00:01,000 --> 00:00:02,500\nWe <i>leave</i> now.\n');
 * // [{ start: 1, end: 2.5, text: 'We leave now.' }]
 */
export function cuesOf(text: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text
    .replace(/^\ufeff/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n+/)) {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => timing.test(line));
    const parts = timing.exec(lines[at] ?? '');
    if (parts === null) continue;
    const [start, end] = [secondsOf(parts.slice(1, 5)), secondsOf(parts.slice(5, 9))];
    const said = lines
      .slice(at + 1)
      .join(' ')
      .replaceAll(markup, '');
    const own = decodeEntities(said).replaceAll(/\s+/g, ' ').trim();
    if (own !== '' && end >= start) cues.push({ start, end, text: own });
  }
  return cues;
}

function secondsOf([hours = '0', minutes = '0', seconds = '0', fraction = '0']: readonly (
  | string
  | undefined
)[]): number {
  return 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds) + Number(fraction.padEnd(3, '0')) / 1000;
}
