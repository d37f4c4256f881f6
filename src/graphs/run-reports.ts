import type { Video } from '../io/media/video.ts';
import type { RunEvent } from './runners/local.ts';

/** What a message is about, if it is about something in particular. */
export interface MessageAbout {
  /** Id of an item. */
  readonly item?: string | undefined;
  /** File of that item. */
  readonly path?: string | undefined;
  /** Stable, lower-case, hyphenated. */
  readonly code?: string | undefined;
  /** Whether it changes what the result means, or what happens to it. */
  readonly isWarning?: boolean | undefined;
}

/** What an extraction is doing before it has any progress, and after. */
export type RunStage =
  | 'listing inputs'
  | 'opening networks'
  | 'planning'
  | 'timing the networks'
  | 'tuning'
  | 'running'
  | 'writing tables';

/** The outcome of an item. */
export type ItemReport = { readonly item: string; readonly path: string } & (
  | {
      readonly type: 'committed';
      readonly partial: boolean;
      /** Taken from the cache: none of it was decoded. */
      readonly cached: boolean;
      /** Its file was only renamed, and it took over its unit: none of it was decoded. */
      readonly renamed: boolean;
      readonly frames: number;
      readonly patches: number;
      /** Seconds of its media. */
      readonly seconds: number;
      /** What is odd about its media, although nothing was lost. */
      readonly notes: readonly string[];
    }
  | { readonly type: 'already-done'; readonly partial: boolean }
  | { readonly type: 'skipped'; readonly reason: string }
  | {
      readonly type: 'dead';
      readonly code: string;
      readonly message: string;
      readonly remedy?: string | undefined;
      /** Failed in an earlier run, and was not retried. */
      readonly earlier: boolean;
    }
);

/** The report on an item that an event of the run finishes; undefined for other events. */
export function itemReportOf(event: RunEvent<Video>): ItemReport | undefined {
  const { id: item, path } = event.item;
  switch (event.type) {
    case 'committed': {
      const { type, cached = false, renamed = false, unit } = event;
      const { partial, frames, patches, seconds, notes } = unit;
      return { type, item, path, partial, cached, renamed, frames, patches, seconds, notes };
    }
    case 'already-done':
      return { type: event.type, item, path, partial: event.unit.partial };
    case 'skipped':
      return { type: event.type, item, path, reason: event.reason };
    case 'dead': {
      const { code, message, remedy } = event.letter;
      const { type, earlier } = event;
      return { type, item, path, code, message, remedy, earlier };
    }
    default:
      return undefined;
  }
}

/**
 * What a person should read about an item: its damage, what is odd about it, why it was left out.
 */
export function sentencesOf(report: ItemReport): string[] {
  switch (report.type) {
    case 'dead':
      return report.earlier ? [] : [`${report.path}: ${report.message} [${report.code}]`];
    case 'committed':
      return report.notes.map((note) => `${report.path}: ${note}`);
    case 'skipped':
      return [`${report.path}: skipped, ${report.reason}`];
    default:
      return [];
  }
}

/** The item that the sentences are about. */
export function aboutItem(report: ItemReport): MessageAbout {
  const { item, path } = report;
  return { item, path, code: report.type === 'dead' ? report.code : undefined };
}
