/**
 * What every error of reelflow carries: a stable `code` to branch on, a sentence that states the
 * fact, and, where there is one, a `remedy`: what to do about it.
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
 * An argument, an option or an input list is wrong. The message says what was expected and what was
 * given.
 *
 * @example
 * throw new UsageError('`count` must be a positive integer, but is 0');
 */
export class UsageError extends ReelflowError {
  /**
   * The library's name of the option at fault, such as `maxDuration`; undefined when no single
   * option is.
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
  /** There is no such file at its address. */
  | 'not-found'
  /** Whoever asks may not read it. */
  | 'forbidden'
  /** It is larger than the room for copies, or than it says. */
  | 'too-large'
  /** Its server cannot be reached, or does not give it. */
  | 'unreachable'
  /** Every process that worked on it died of it. */
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
 * What is wrong with a network, its card or its weights, or with how far it is from float32
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

/** What went wrong in the flow of elements. */
export type FlowErrorCode = 'budget-too-small' | 'timeout' | 'recycled' | 'aborted' | 'batch-result' | 'order' | 'held';

/**
 * Flow control could not keep its promise: the budget, an operation's time, or the life of a
 * payload.
 */
export class FlowError extends ReelflowError {
  declare readonly code: FlowErrorCode;

  constructor(code: FlowErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/**
 * Why a file of a dataset, a table or a store cannot be used now, though nothing is wrong with what
 * was asked.
 */
export type DatasetErrorCode =
  /**
   * Its bytes are not those that were written: cut off, changed, or in conflict with another of its
   * files.
   */
  | 'damaged'
  /** A file of it is there, but cannot be read. */
  | 'unreadable'
  /** Another process works on it. */
  | 'in-use';

/**
 * A dataset, a table or a store is at fault: it is the one that was asked for, but is damaged,
 * unreadable or in use. One that is not what was asked for, such as the dataset of another graph,
 * is a `UsageError`.
 *
 * @example
 * throw new DatasetError('damaged', `${path} is cut off`, { remedy: 'Restore it from a copy.' });
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
   * A directory cannot be made or written: no permission, read-only, or a file system that lacks
   * what is needed.
   */
  | 'not-writable'
  /** There is no ffmpeg or ffprobe that runs. */
  | 'decoder-missing'
  /** ONNX Runtime cannot open or run a network, or a thread that computed has ended. */
  | 'session'
  /** A graphics card has no memory for a run. */
  | 'device-memory'
  /** A server cannot be reached, or sends something else than was asked for. */
  | 'download'
  /** An object store cannot be reached, or refuses. */
  | 'object-store'
  /** The unit cache cannot be opened. */
  | 'cache'
  /** The server of a queue cannot be reached, its packages are missing, or workers refuse all. */
  | 'queue'
  /** An optional package that is needed here is not installed. */
  | 'package'
  /** Anything else. */
  | 'system';

/**
 * The machine, not an item, is at fault: what would meet every item of a run, and so ends it.
 *
 * @example
 * throw new SystemError('not-writable', `${directory} is read-only`, { remedy: 'Name another directory.' });
 */
export class SystemError extends ReelflowError {
  declare readonly code: SystemErrorCode;

  constructor(code: SystemErrorCode, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(code, message, options);
  }
}
