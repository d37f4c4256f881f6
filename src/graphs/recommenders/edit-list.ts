import { UsageError } from '../../core/errors.ts';
import type { ChosenSubclips } from './explain-item.ts';

/** The frame rate in which the times of an edit list are counted. */
const FPS = 25;

/**
 * Chosen subclips as an edit decision list (CMX 3600), which video editors read: the ranges of the
 * item one after another, at 25 frames per second.
 *
 * @throws UsageError `times` when it is not known when the subclips begin and end.
 * @example
 * const subclips = [{ subclip: 3, start: 12, end: 16 }];
 * const text = editList('heat', { user: '7', prediction: 4.1, whole: 3.9, subclips });
 */
export function editList(item: string, { subclips }: ChosenSubclips): string {
  const clip = item.replaceAll(/[^\x20-\x7e]/g, '_');
  let at = 0;
  const events = subclips.map(({ subclip, start, end }, place) => {
    if (start === undefined || end === undefined) {
      throw new UsageError(`it is not known when subclip ${subclip} of '${item}' begins and ends`, {
        code: 'times',
        remedy: 'Give the features as the directory that `reduce` wrote: it has the times.',
      });
    }
    const [from, to] = [Math.round(start * FPS), Math.round(end * FPS)];
    const times = [from, to, at, at + to - from].map(timecode).join(' ');
    at += to - from;
    return `${String(place + 1).padStart(3, '0')}  AX       V     C        ${times}\n* FROM CLIP NAME: ${clip}`;
  });
  return `TITLE: ${clip}\nFCM: NON-DROP FRAME\n${events.join('\n')}\n`;
}

function timecode(frames: number): string {
  const seconds = Math.floor(frames / FPS);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, frames % FPS];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
