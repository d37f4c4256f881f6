import type { MemoryMessage } from '../../core/shared-memory.ts';

/** A program to be started. */
export interface ProgramStart {
  readonly kind: 'start';
  readonly id: number;
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a program ended. */
export interface ProgramExit {
  readonly kind: 'exit';
  readonly id: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program could not be started. */
export interface ProgramFailure {
  readonly kind: 'failed';
  readonly id: number;
  readonly code: string | undefined;
  readonly message: string;
}

/** A request to the decoder thread. */
export type DecoderRequest =
  | ProgramStart
  /** One at a time for each decoder. */
  | { readonly kind: 'fill'; readonly id: number; readonly memory: number; readonly bytes: number }
  | { readonly kind: 'kill'; readonly id: number }
  | MemoryMessage;

/** What it tells. */
export type DecoderEvent =
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | ProgramFailure
  /**
   * The requested memory has been filled, or filled with fewer bytes at the end. Nothing more is
   * written into it.
   */
  | { readonly kind: 'filled'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'errors'; readonly id: number; readonly text: string }
  | { readonly kind: 'times'; readonly id: number; readonly text: string }
  | ProgramExit;

/** A request to the process that starts programs for a decoder thread. */
export type LauncherRequest = ProgramStart | { readonly kind: 'kill'; readonly id: number };

/** What it tells. */
export type LauncherEvent =
  /** Accompanied by a pipe: what the program writes on descriptor 1 + `at`. */
  | { readonly kind: 'pipe'; readonly id: number; readonly at: number }
  /** All its pipes have been sent. */
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | ProgramFailure
  | ProgramExit;
