import type { Readable } from 'node:stream';

/** An object, as listed by a store. */
export interface StoredObject {
  /** Name below the store's prefix. */
  readonly name: string;
  /** Size in bytes; undefined if the store does not say. */
  readonly size: number | undefined;
  /** When it was last written, in milliseconds. */
  readonly modified: number;
  /** Its tag, which differs for different bytes. */
  readonly etag: string;
}

/** Which part of an object to get. */
export interface ObjectRange {
  /** Only this many of its last bytes. */
  readonly last: number;
}

/** How to wait for an answer. */
export interface ObjectWait {
  /**
   * When aborted, nothing more is requested, and pending requests fail with FlowError `aborted`.
   */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the start of an answer. Default 60,000. */
  readonly answer?: number | undefined;
}

/** Where to start reading an object, and how to wait for it. */
export interface ObjectStart extends ObjectWait {
  readonly from: number;
  /** Tag of the bytes before, if there are any. */
  readonly etag: string | undefined;
}

/** An object whose bytes are arriving; the body must be read or destroyed. */
export interface OpenObject {
  readonly body: Readable;
  /** Bytes of the whole object. */
  readonly total: number;
  readonly etag: string;
}

/** The content of a write: bytes in memory, or those of a file. */
export type ObjectContent = Uint8Array | { readonly file: string };

/**
 * The condition for writing an object: only if there is none, or only if it is still the known one.
 */
export type PutCondition = 'absent' | { readonly etag: string };

/**
 * Named objects in a remote store, below one prefix. A write is atomic, and every read that starts
 * after it sees it. All methods fail with SystemError `object-store`, after retries if these may
 * help.
 */
export interface ObjectStore {
  /** For example `s3://bucket/features`, without a trailing slash. */
  readonly address: string;
  /** The bytes of an object; undefined if there is none. */
  get(name: string, range?: ObjectRange): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | undefined>;
  /**
   * The bytes of the object with this tag as they arrive, starting at byte `from`, in a single
   * request. `changed` if it now has another tag; undefined if there is no such object.
   * @throws InterruptedTransfer if another attempt may succeed; SystemError `object-store`.
   */
  open(name: string, from: ObjectStart): Promise<OpenObject | 'changed' | undefined>;
  /** An object's entry in a listing. */
  head(name: string, wait?: ObjectWait): Promise<StoredObject | undefined>;
  /** Writes an object. @returns its tag; undefined when the condition does not hold. */
  put(name: string, content: ObjectContent, condition?: PutCondition): Promise<string | undefined>;
  /** Objects whose names start with a prefix, sorted by name. */
  list(prefix: string, wait?: ObjectWait): AsyncIterable<StoredObject>;
  /** Removes an object; an object that no longer exists is not an error. */
  delete(name: string): Promise<void>;
  /** Closes its connections. */
  close(): void;
}
