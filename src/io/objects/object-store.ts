import type { Readable } from 'node:stream';

/** An object as a store lists it. */
export interface StoredObject {
  /** Below the store's prefix. */
  readonly name: string;
  /** Bytes; undefined where the store does not say. */
  readonly size: number | undefined;
  /** When it was last written, ms. */
  readonly modified: number;
  /** Another for other bytes. */
  readonly etag: string;
}

/** What of an object is wanted. */
export interface ObjectRange {
  /** Only this many of its last bytes. */
  readonly last: number;
}

/** How an answer is waited for. */
export interface ObjectWait {
  /** Aborted: nothing more is asked for, and what is asked fails with FlowError `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until an answer begins. Default 60,000. */
  readonly answer?: number | undefined;
}

/** Where reading an object begins, and how it is waited for. */
export interface ObjectStart extends ObjectWait {
  readonly from: number;
  /** Of the bytes before, where there are any. */
  readonly etag: string | undefined;
}

/** An object whose bytes are arriving; the body must be read or destroyed. */
export interface OpenObject {
  readonly body: Readable;
  /** Bytes of the whole object. */
  readonly total: number;
  readonly etag: string;
}

/** The content of a write: bytes at hand, or those of a file. */
export type ObjectContent = Uint8Array | { readonly file: string };

/**
 * When an object is written: only if there is none, or only if it is still the one that is known.
 */
export type PutCondition = 'absent' | { readonly etag: string };

/**
 * Named bytes far away, below one prefix. A write is whole or not at all and seen by every read
 * that begins after it. All fail with SystemError `object-store`, after retries where these may
 * help.
 */
export interface ObjectStore {
  /** Such as `s3://bucket/features`, without a slash at its end. */
  readonly address: string;
  /** The bytes of an object; undefined when there is none. */
  get(name: string, range?: ObjectRange): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | undefined>;
  /**
   * The bytes of an object as they come, from the `from`th on, of one that has the tag: asked for
   * once. `changed` when it has another tag by now; undefined when there is none.
   * @throws InterruptedTransfer where another try may go well; SystemError `object-store`.
   */
  open(name: string, from: ObjectStart): Promise<OpenObject | 'changed' | undefined>;
  /** An object's entry in a listing. */
  head(name: string, wait?: ObjectWait): Promise<StoredObject | undefined>;
  /** Writes an object. @returns its tag; undefined when the condition does not hold. */
  put(name: string, content: ObjectContent, condition?: PutCondition): Promise<string | undefined>;
  /** Objects whose names begin so, by name. */
  list(prefix: string, wait?: ObjectWait): AsyncIterable<StoredObject>;
  /** Removes an object; one that is gone already is not an error. */
  delete(name: string): Promise<void>;
  /** Closes its connections. */
  close(): void;
}
