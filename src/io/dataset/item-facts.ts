/** The state of an item, as recorded in the table of items. */
export const ITEM_STATES = ['committed', 'partial', 'dead', 'superseded', 'gone', 'skipped', 'waiting'] as const;

/**
 * `committed`: its unit matches its current file; `partial`: the same, with what could be decoded
 * of a damaged file; `dead`: it failed; `superseded`: its unit is of an earlier content of its
 * file, and the current file failed; `gone`: it is no longer an input; `skipped`: an option left it
 * out; `waiting`: it has not been processed yet.
 */
export type ItemState = (typeof ITEM_STATES)[number];

/** What a dataset knows about an item. */
export interface ItemFacts {
  readonly id: string;
  readonly state: ItemState;
  /** Path of its file. */
  readonly path?: string | undefined;
  /**
   * The directory, glob or manifest among a run's inputs through which it was found; undefined for
   * a file that was named directly.
   */
  readonly source?: string | undefined;
  /** SHA-256 of its content. */
  readonly hash?: string | undefined;
  /** Key of its unit. */
  readonly unit?: string | undefined;
  /** Why it is dead or superseded, or was skipped. */
  readonly code?: string | undefined;
  /** Length in seconds. */
  readonly duration?: number | undefined;
  readonly fps?: number | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** What was decoded of it. */
  readonly streams?: string | undefined;
  /** Which streams were left out, and why. */
  readonly leftOut?: string | undefined;
  /** When its state was last changed, ISO 8601. */
  readonly when?: string | undefined;
  /** Name and version of the software that changed it. */
  readonly version?: string | undefined;
  /** The manifest's other columns. */
  readonly more?: Readonly<Record<string, string>> | undefined;
}

/** A change to an item; facts that it does not name stay. */
export type ItemChange = Partial<Omit<ItemFacts, 'id'>>;

/** Facts that hold for one unit only. */
const OF_UNIT = ['duration', 'fps', 'width', 'height', 'streams', 'leftOut'] as const;

/**
 * An item after a change. Changing to another unit drops what was known about the previous one.
 */
export function changed(before: ItemFacts | undefined, id: string, change: ItemChange): ItemFacts {
  const facts: Record<string, unknown> = { ...before };
  if (change.unit !== undefined && change.unit !== before?.unit) for (const name of OF_UNIT) delete facts[name];
  // A code belongs to the state with which it was recorded.
  if (change.state !== undefined) delete facts.code;
  const known = Object.entries(change).filter(([, value]) => value !== undefined);
  return { state: 'waiting', ...facts, ...Object.fromEntries(known), id } as ItemFacts;
}
