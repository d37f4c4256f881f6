/**
 * The base of all reelflow errors: a stable `code` to branch on, a message that states the fact
 * and, if there is one, a `remedy`.
 */
export abstract class ReelflowError extends Error {
  /** Stable, lower-case, hyphenated. */
  readonly code: string;
  /** What the reader can do about it. */
  readonly remedy: string | undefined;

  constructor(code: string, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = options.remedy;
  }
}

/**
 * An argument, an option or an input list is invalid. The message says what was expected and what
 * was given.
 *
 * @example
 * throw new UsageError('`count` must be a positive integer, but is 0');
 */
export class UsageError extends ReelflowError {
  /**
   * The library's name of the option at fault, such as `maxDuration`; undefined if no single option
   * is.
   */
  readonly option: string | undefined;

  constructor(
    message: string,
    options: {
      code?: string | undefined;
      option?: string | undefined;
      remedy?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(options.code ?? 'usage', message, options);
    this.option = options.option;
  }
}

/** Why a media file could not be used whole. */
export type MediaErrorCode =
  | 'empty'
  | 'not-media'
  | 'no-streams'
  | 'truncated'
  | 'corrupt'
  | 'unsupported'
  | 'timeout'
  | 'unreadable'
  /** There is no file at its address. */
  | 'not-found'
  /** The caller may not read it. */
  | 'forbidden'
  /** It is larger than the space for copies, or than it claims. */
  | 'too-large'
  /** Its server cannot be reached, or does not deliver it. */
  | 'unreachable'
  /** It killed every process that worked on it. */
  | 'crash';

/** A media file is at fault. */
export class MediaError extends ReelflowError {
  declare readonly code: MediaErrorCode;
  /** The last lines the decoder printed, addresses removed; empty when it printed none. */
  readonly decoderLines: readonly string[];

  constructor(
    code: MediaErrorCode,
    message: string,
    options: { remedy?: string | undefined; cause?: unknown; decoderLines?: readonly string[] | undefined } = {},
  ) {
    super(code, message, options);
    this.decoderLines = options.decoderLines ?? [];
  }
}

/**
 * What is wrong with a network, its card or its weights, or with its deviation from float32
 * (`precision`).
 */
export type ModelErrorCode = 'card' | 'weights' | 'shape' | 'hash' | 'precision';

/** A network, its network card or its weights are at fault. */
export class ModelError extends ReelflowError {
  declare readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/** What went wrong in a flow. */
export type FlowErrorCode = 'budget-too-small' | 'timeout' | 'recycled' | 'aborted' | 'batch-result' | 'order' | 'held';

/**
 * Flow control could not keep a promise: the budget, an operation's time limit, or the lifetime of
 * a payload.
 */
export class FlowError extends ReelflowError {
  declare readonly code: FlowErrorCode;

  constructor(code: FlowErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/**
 * Why a file of a dataset, a table or a store cannot be used, although the request itself was
 * valid.
 */
export type DatasetErrorCode =
  /**
   * Its bytes are not those that were written: cut off, changed, or inconsistent with another file.
   */
  | 'damaged'
  /** One of its files exists but cannot be read. */
  | 'unreadable'
  /** Another process is working on it. */
  | 'in-use';

/**
 * A dataset, a table or a store is at fault: it is the right one, but is damaged, unreadable or in
 * use. A wrong one, such as the dataset of another graph, is a `UsageError`.
 *
 * @example
 * throw new DatasetError('damaged', 'features/part-0.parquet is cut off', { remedy: 'Restore it from a copy.' });
 */
export class DatasetError extends ReelflowError {
  declare readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/** What the machine lacks. */
export type SystemErrorCode =
  /** No more files can be opened. */
  | 'open-files'
  /** The disk, a quota or a file size limit is exhausted. */
  | 'disk-full'
  /**
   * A directory cannot be created or written to: no permission, read-only, or a file system without
   * a required feature.
   */
  | 'not-writable'
  /** There is no working ffmpeg or ffprobe. */
  | 'decoder-missing'
  /** ONNX Runtime cannot open or run a network, or a thread that computed has ended. */
  | 'session'
  /** A graphics card does not have enough memory for a run. */
  | 'device-memory'
  /** A server cannot be reached, or sends something other than what was requested. */
  | 'download'
  /** An object store cannot be reached, or refuses. */
  | 'object-store'
  /** The unit cache cannot be opened. */
  | 'cache'
  /** The server of a queue cannot be reached, or workers refuse everything. */
  | 'queue'
  /** A required optional package is not installed. */
  | 'package'
  /** Anything else. */
  | 'system';

/**
 * The machine, not an item, is at fault. Such an error would affect every item of a run, so it ends
 * the run.
 *
 * @example
 * throw new SystemError('not-writable', 'features/ is read-only', { remedy: 'Name another directory.' });
 */
export class SystemError extends ReelflowError {
  declare readonly code: SystemErrorCode;

  constructor(code: SystemErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}
