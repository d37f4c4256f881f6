/**
 * What the server said of the file of which a part is here: without a validator that holds for
 * bytes, no part is resumed.
 */
export interface PartFacts {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Bytes of the whole file. */
  readonly total?: number | undefined;
}

/** The part of a file that is here while it is received. */
export interface Part {
  /** Bytes that are here. */
  readonly size: number;
  /** What the server said when the part was begun; undefined when that is not known. */
  facts(): Promise<PartFacts | undefined>;
  /** Empties the part. */
  restart(facts?: PartFacts): Promise<void>;
  /** Appends a piece. @throws SystemError `disk-full`. */
  append(piece: Uint8Array): Promise<void>;
  /** Whether a later request can ask for the rest of it alone. */
  isResumable(): Promise<boolean>;
}

/**
 * What an HTTP condition on the part's bytes can name (RFC 9110): a weak ETag says that files are
 * alike, not that their bytes are the same.
 */
export function validatorOf(facts: PartFacts): string | undefined {
  return facts.etag?.startsWith('"') ? facts.etag : facts.lastModified;
}
