import type { UnitTable } from '../io/dataset/schema.ts';

/** Entry of a unit's metadata. */
const KEY = 'notes';

/** The entry of a unit's metadata for what is odd about its media: none when nothing is. */
export function notesMetadata(notes: readonly string[]): Record<string, string> {
  return notes.length === 0 ? {} : { [KEY]: JSON.stringify(notes) };
}

/**
 * What is odd about the media of a unit, though nothing of them is lost: streams that were left out, times that break off, lengths
 * that were wrong, silence that was put in.
 */
export function notesOf(table: Pick<UnitTable, 'metadata'>): readonly string[] {
  return JSON.parse(table.metadata[KEY] ?? '[]') as string[];
}
