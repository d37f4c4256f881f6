import { given } from '../../core/given.ts';
import type { UnitFacts, UnitTable } from './schema.ts';
import { isPartial } from './unit-columns.ts';

/** What is known about the media that a unit is made from. */
export interface MediaFacts {
  /** Frames per second on average; undefined without pictures. */
  readonly fps?: number | undefined;
  /** Width and height in pixels, as stored. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** What was decoded: `video h264`, `audio aac`. */
  readonly streams?: readonly string[] | undefined;
  /** Streams that could not be used, and why. */
  readonly leftOut?: readonly string[] | undefined;
}

/** What a unit reports about itself without its rows. */
export interface UnitSummary extends Pick<UnitFacts, 'frames' | 'patches' | 'seconds' | 'partial'> {
  /**
   * What is odd about its media, although nothing was lost: streams left out, timestamps that break
   * off, inserted silence.
   */
  readonly notes: readonly string[];
  readonly media: MediaFacts;
}

/** What a unit says about itself in its metadata. */
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
 * The entries of a unit's metadata for what is odd about its media (none if nothing is), and for
 * the media themselves.
 */
export function summaryMetadata(notes: readonly string[], media: MediaFacts): Record<string, string> {
  return given({ notes: notes.length === 0 ? undefined : JSON.stringify(notes), media: JSON.stringify(media) });
}
