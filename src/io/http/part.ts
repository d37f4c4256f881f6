/**
 * What the server said about a file of which a part has been received: without a validator for its
 * exact bytes, a part is not resumed.
 */
export interface PartFacts {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Bytes of the whole file. */
  readonly total?: number | undefined;
}

/** The received part of a file. */
export interface Part {
  /** Number of bytes received. */
  readonly size: number;
  /** What the server said when the part was started; undefined if that is unknown. */
  facts(): Promise<PartFacts | undefined>;
  /** Empties the part. */
  restart(facts?: PartFacts): Promise<void>;
  /** Appends a piece. @throws SystemError `disk-full`. */
  append(piece: Uint8Array): Promise<void>;
  /** Whether a later request can ask for only the rest. */
  isResumable(): Promise<boolean>;
}

/**
 * The validator for an HTTP condition on the part's bytes (RFC 9110): a weak ETag says that files
 * are equivalent, not that their bytes are the same.
 */
export function validatorOf(facts: PartFacts): string | undefined {
  return facts.etag?.startsWith('"') ? facts.etag : facts.lastModified;
}
