/** What has become of an item, as the table of items tells it. */
export const ITEM_STATES = ['committed', 'partial', 'dead', 'superseded', 'gone', 'skipped', 'waiting'] as const;

/**
 * `committed`: its unit is of its file as it is; `partial`: the same, of what could be decoded of a
 * damaged file; `dead`: it failed; `superseded`: its unit is of what its file was before, and the
 * file as it is now failed; `gone`: it is no longer an input; `skipped`: an option left it out;
 * `waiting`: it has not been processed yet.
 */
export type ItemState = (typeof ITEM_STATES)[number];

/** What a dataset knows of an item. */
export interface ItemFacts {
  readonly id: string;
  readonly state: ItemState;
  /** Where its file is. */
  readonly path?: string | undefined;
  /**
   * The directory, glob or manifest among a run's inputs that it was found by; undefined for a file
   * that was named itself.
   */
  readonly source?: string | undefined;
  /** SHA-256 of its content. */
  readonly hash?: string | undefined;
  /** Key of its unit. */
  readonly unit?: string | undefined;
  /** Why it is dead or superseded, or was skipped. */
  readonly code?: string | undefined;
  /** Length, s. */
  readonly duration?: number | undefined;
  readonly fps?: number | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** What was decoded of it. */
  readonly streams?: string | undefined;
  /** What of it was left out, with why. */
  readonly leftOut?: string | undefined;
  /** When its state was last changed, ISO 8601. */
  readonly when?: string | undefined;
  /** Name and version of the software that did so. */
  readonly version?: string | undefined;
  /** The manifest's other columns. */
  readonly more?: Readonly<Record<string, string>> | undefined;
}

/** What is new of an item; what it does not name stays. */
export type ItemChange = Partial<Omit<ItemFacts, 'id'>>;

/** What is true of one unit only. */
const OF_UNIT = ['duration', 'fps', 'width', 'height', 'streams', 'leftOut'] as const;

/**
 * An item after a change. A change to another unit takes with it what was known of the one before.
 */
export function changed(before: ItemFacts | undefined, id: string, change: ItemChange): ItemFacts {
  const facts: Record<string, unknown> = { ...before };
  if (change.unit !== undefined && change.unit !== before?.unit) for (const name of OF_UNIT) delete facts[name];
  // A code belongs to the state that it came with.
  if (change.state !== undefined) delete facts.code;
  const known = Object.entries(change).filter(([, value]) => value !== undefined);
  return { state: 'waiting', ...facts, ...Object.fromEntries(known), id } as ItemFacts;
}
