import { diskText } from '../src/graphs/explain.ts';
import type { PlannedExtraction } from '../src/graphs/planned-extraction.ts';
import {
  aboutItem,
  type ItemReport,
  type MessageAbout,
  type RunStage,
  sentencesOf,
} from '../src/graphs/run-reports.ts';
import type { FetchRecord } from '../src/io/fetch/fetch-record.ts';
import type { Console } from './console.ts';

/** The listener for what a library function reports in addition to its result. */
export function toldTo(console: Console) {
  return {
    onMessage: (message: string, { isWarning, ...about }: MessageAbout = {}): void =>
      isWarning ? console.warn(message, about) : console.note(message, about),
  };
}

/** The listener for what happens to each fetched id; the summary names the failures. */
export function fetchesToldTo(console: Console) {
  return {
    ...toldTo(console),
    onItem: (record: FetchRecord): void => {
      const { state, id: item, time: _recorded, ...facts } = record;
      if ('reason' in facts) {
        const { reason: code, ...others } = facts;
        console.item(state, { item, code, ...others }, []);
      } else console.item(state, { item, ...facts }, []);
    },
  };
}

/** Warns if the disk has less room than a planned extraction needs. */
export function warnOfRoom(console: Console, { disk }: Pick<PlannedExtraction, 'disk'>): void {
  if (!disk.isEnough) console.warn(diskText(disk), { code: 'disk-full', path: disk.directory });
}

/** The listeners for what an extraction reports in addition to its result and progress. */
export function extractionToldTo(console: Console) {
  return {
    // Messages about an item are printed where the item is reported.
    onMessage: (message: string, about: MessageAbout = {}): void => {
      if (about.item === undefined) toldTo(console).onMessage(message, about);
    },
    onStage: (stage: RunStage): void => console.stage(stage),
    onItemStarted: (started: { readonly item: string; readonly path: string; readonly seconds: number }): void =>
      console.record('started', started),
    onItem: (report: ItemReport): void => {
      const { type, ...fields } = report;
      const sentences = sentencesOf(report);
      console.item(type, fields, type === 'committed' ? [] : sentences);
      if (type === 'committed') for (const note of sentences) console.note(note, aboutItem(report));
    },
  };
}
