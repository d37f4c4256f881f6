import type { Video } from '../io/media/video.ts';
import type { RunEvent } from './runners/local.ts';

/** What a message is about, where it is about something. */
export interface MessageAbout {
  /** Id of an item. */
  readonly item?: string | undefined;
  /** File of that item. */
  readonly path?: string | undefined;
  /** Stable, lower-case, hyphenated. */
  readonly code?: string | undefined;
  /** Changes what the result means, or what happens to it. */
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

/** What became of an item. */
export type ItemReport = { readonly item: string; readonly path: string } & (
  | {
      readonly type: 'committed';
      readonly partial: boolean;
      /** Taken from the cache: nothing of it was decoded. */
      readonly cached: boolean;
      readonly frames: number;
      readonly patches: number;
      /** Seconds of its media. */
      readonly seconds: number;
      /** What is odd about its media, though nothing of them is lost. */
      readonly notes: readonly string[];
    }
  | { readonly type: 'already-done'; readonly partial: boolean }
  | { readonly type: 'skipped'; readonly reason: string }
  | {
      readonly type: 'dead';
      readonly code: string;
      readonly message: string;
      readonly remedy?: string | undefined;
      /** By an earlier run, and not retried. */
      readonly earlier: boolean;
    }
);

/** What a run's event says about an item that is done; undefined for one that is not. */
export function itemReportOf(event: RunEvent<Video>): ItemReport | undefined {
  const { id: item, path } = event.item;
  switch (event.type) {
    case 'committed': {
      const { type, cached = false, unit } = event;
      const { partial, frames, patches, seconds, notes } = unit;
      return { type, item, path, partial, cached, frames, patches, seconds, notes };
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

/** What the sentences on an item are about. */
export function aboutItem(report: ItemReport): MessageAbout {
  const { item, path } = report;
  return { item, path, code: report.type === 'dead' ? report.code : undefined };
}
