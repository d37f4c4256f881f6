import { decodeEntities } from './entities.ts';

/** A text with the time in which it is shown. */
export interface Cue {
  /** Seconds from the start. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const time = /(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:\s*[,.]\s*(\d{1,9}))?/.source;
/** `00:01:02,500 --> 00:01:04,000`; WebVTT may leave out the hours, and some writers fractions. */
const timing = new RegExp(`^\\s*${time}\\s*-{1,3}>\\s*${time}(?:\\s.*)?$`);
/** `<i>`, `<c.yellow>`, `<00:00:01.000>` and `{\an8}`. */
const markup = /<[^<>]*>|\{\\[^{}]*\}/g;

/**
 * The cues of subtitles, SubRip (.srt) or WebVTT (.vtt), in the order of the file, without markup.
 * A cue begins at a line of times, and ends at a blank line behind its text or at the next line of
 * times, before which its number may stand. Everything else (a header, a note, a style) is skipped,
 * as is a cue that ends before it starts.
 *
 * @example
 * cuesOf('1\n00:00:01,000 --> 00:00:02,500\nWe <i>leave</i> now.\n');
 * // [{ start: 1, end: 2.5, text: 'We leave now.' }]
 */
export function cuesOf(text: string): Cue[] {
  const cues: Cue[] = [];
  let open: { readonly start: number; readonly end: number; readonly lines: string[] } | undefined;
  const close = () => {
    if (open === undefined) return;
    const { start, end, lines } = open;
    open = undefined;
    const said = decodeEntities(lines.join(' ').replaceAll(markup, '')).replaceAll(/\s+/g, ' ').trim();
    if (said !== '' && end >= start) cues.push({ start, end, text: said });
  };
  for (const line of text.replace(/^\ufeff/, '').split(/\r+\n?|\n/)) {
    const times = timing.exec(line);
    if (times !== null) {
      // The number of the next cue, where no blank line stands before it.
      if (/^\s*\d+\s*$/.test(open?.lines.at(-1) ?? '')) open?.lines.pop();
      close();
      open = { start: secondsOf(times.slice(1, 5)), end: secondsOf(times.slice(5, 9)), lines: [] };
    } else if (line.trim() !== '') open?.lines.push(line);
    else if (open !== undefined && open.lines.length > 0) close();
  }
  close();
  return cues;
}

function secondsOf([hours = '0', minutes = '0', seconds = '0', fraction = '0']: readonly (
  | string
  | undefined
)[]): number {
  return 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds) + Number(`0.${fraction}`);
}
