import { given } from '../../core/given.ts';
import type { UnitFacts, UnitTable } from './schema.ts';
import { isPartial } from './unit-columns.ts';

/** What is known of the media that a unit is made of. */
export interface MediaFacts {
  /** Frames per second on average; undefined without pictures. */
  readonly fps?: number | undefined;
  /** Pixels per row and rows, as stored. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** What was decoded: `video h264`, `audio aac`. */
  readonly streams?: readonly string[] | undefined;
  /** Streams that could not be used, with why. */
  readonly leftOut?: readonly string[] | undefined;
}

/** What there is to tell of a unit without its rows. */
export interface UnitSummary extends Pick<UnitFacts, 'frames' | 'patches' | 'seconds' | 'partial'> {
  /**
   * What is odd about its media, though nothing of them is lost: streams left out, times that break
   * off, silence that was put in.
   */
  readonly notes: readonly string[];
  readonly media: MediaFacts;
}

/** What a unit says of itself in its metadata. */
export function unitSummary({ metadata }: Pick<UnitTable, 'metadata'>): UnitSummary {
  return {
    frames: Number(metadata.frames),
    patches: Number(metadata.patches),
    seconds: Number(metadata.seconds),
    partial: isPartial(metadata),
    notes: JSON.parse(metadata.notes ?? '[]') as string[],
    media: JSON.parse(metadata.media ?? '{}') as MediaFacts,
  };
}

/**
 * The entries of a unit's metadata for what is odd about its media, none when nothing is, and for
 * the media themselves.
 */
export function summaryMetadata(notes: readonly string[], media: MediaFacts): Record<string, string> {
  return given({ notes: notes.length === 0 ? undefined : JSON.stringify(notes), media: JSON.stringify(media) });
}
