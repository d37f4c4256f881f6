import { plainId } from '../../io/ratings/identifiers.ts';
import type { Cue } from '../../io/subtitles/cues.ts';
import { timesOfCut } from '../recommenders/subclip-times.ts';
import { openSource, readCut } from '../reduction/source-dataset.ts';
import type { ItemText } from './item-texts.ts';

/** Where the subclips of items lie; undefined for an item that is not known. */
export type SubclipClock = (id: string) => Promise<readonly { readonly end: number }[] | undefined>;

/**
 * The times of the subclips of a dataset's items.
 *
 * @throws UsageError `dataset` if it is none, or has no table of so many subclips.
 */
export async function clockOf(dataset: string, subclips: number): Promise<SubclipClock> {
  const source = await openSource(dataset, { subclips, onlyTimes: true });
  const keys = new Map(source.units.map(({ facts, key }) => [plainId(facts.itemId), key]));
  return async (id) => {
    const key = keys.get(id);
    const cut = key === undefined ? undefined : await readCut(source, key);
    return cut && timesOfCut(cut, subclips);
  };
}

/**
 * The text of each subclip of an item. Cues belong to the subclip in which their middle lies: by
 * the clock or, without one, by equal parts of the time until the last cue ends. A text without
 * times is divided into parts of the same number of words.
 */
export async function textWindows(
  id: string,
  text: ItemText,
  subclips: number,
  clock: SubclipClock | undefined,
): Promise<string[]> {
  if ('text' in text) return wordParts(text.text, subclips);
  const { cues } = text;
  const ends = (await clock?.(id))?.map(({ end }) => end) ?? equalEnds(cues, subclips);
  const windows = Array.from({ length: subclips }, (): string[] => []);
  for (const { start, end, text: said } of cues) {
    const middle = (start + end) / 2;
    const window = ends.findIndex((last) => middle < last);
    windows[window < 0 ? subclips - 1 : window]?.push(said);
  }
  return windows.map((said) => said.join(' '));
}

function equalEnds(cues: readonly Cue[], subclips: number): number[] {
  const length = cues.reduce((last, { end }) => Math.max(last, end), 0);
  return Array.from({ length: subclips }, (_, at) => ((at + 1) * length) / subclips);
}

/** Parts of equally many words. */
export function wordParts(text: string, subclips: number): string[] {
  if (subclips === 1) return [text];
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const from = (window: number) => Math.floor((window * parts.length) / subclips);
  return Array.from({ length: subclips }, (_, window) => parts.slice(from(window), from(window + 1)).join(' '));
}
