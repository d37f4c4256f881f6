import { randomBytes } from 'node:crypto';
import { printable, printableJson, printableLines } from '../src/core/printable.ts';
import { itemTraceId } from '../src/graphs/operations/item-trace-id.ts';
import { type Colours, coloursOf, printablePainted } from './colours.ts';
import type { GlobalValues } from './global-options.ts';
import { NOTHING_WRITTEN } from './output-options.ts';
import { type Render, renderMessages } from './render-options.ts';

/** What a note is about, if it is about something. */
export interface NoteAbout {
  readonly item?: string | undefined;
  readonly path?: string | undefined;
  readonly code?: string | undefined;
}

/** Where a console writes. */
export interface ConsoleStreams {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

/** How a console writes. */
export interface ConsoleSettings
  extends Partial<Pick<GlobalValues, 'progress' | 'progressEvery' | 'quiet' | 'json' | 'log'>> {
  /** Whether the command only reports what it would do. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Seconds between two lines of progress: `live` on a terminal or for a program that reads them,
 * `log` for a log that a person reads.
 */
const EVERY = { live: 1, log: 60 } as const;

/**
 * Everything that a command prints: its result on stdout; progress, notes, warnings and errors on
 * stderr, as lines for a person, as one JSON object per line with `--progress ndjson`, or as one
 * record per line with `--log json`, with its level, the run, and the video that it concerns. Texts
 * come from outside (file names, decoders, workers of a queue), so none of them may control the
 * terminal.
 */
export class Console {
  /** Whether a program reads stderr. */
  readonly #isEvents: boolean;
  readonly #isLog: boolean;
  readonly #hidesProgress: boolean;
  /** An id that all records of this process share. */
  readonly #run = randomBytes(8).toString('hex');
  readonly #streams: ConsoleStreams;
  readonly #every: number;
  readonly #quiet: boolean;
  readonly #json: boolean;
  readonly #isDryRun: boolean;
  readonly #render: Render;
  #due: number;
  #pending: { state: object; line: () => string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  /** @param render rewords what the library says for the command that runs. */
  constructor(
    settings: ConsoleSettings,
    render: Render = (text) => text,
    streams: ConsoleStreams = { out: process.stdout, err: process.stderr },
  ) {
    this.#render = render;
    this.#isLog = settings.log === 'json';
    this.#isEvents = this.#isLog || settings.progress === 'ndjson';
    this.#hidesProgress = settings.quiet === true || settings.progress === 'none';
    this.#streams = streams;
    this.#quiet = settings.quiet === true;
    this.#json = settings.json === true;
    this.#isDryRun = settings.dryRun === true;
    const isSlow = this.#isLog || (!this.#isEvents && !streams.err.isTTY);
    this.#every = 1000 * (settings.progressEvery ?? (isSlow ? EVERY.log : EVERY.live));
    // A log of a shorter run has no progress at all.
    this.#due = isSlow ? Date.now() + this.#every : 0;
  }

  /** Shows what is being done until there is progress to show. */
  stage(stage: string): void {
    if (this.#isEvents) this.#event('stage', { stage });
    else this.progress({}, () => `${stage} ...`, { now: this.#streams.err.isTTY });
  }

  /**
   * Shows how far the work is, if a line is due. A program receives `state`, a person `line`.
   */
  progress<State extends object>(state: State, line: (state: State) => string, { now = false } = {}): void {
    if (this.#hidesProgress) return;
    this.#pending = { state, line: () => line(state) };
    if (now || Date.now() >= this.#due) this.#draw();
    else this.#timer ??= setInterval(() => this.#draw(), this.#every).unref();
  }

  /** A sentence that a person should read. */
  note(message: string, about: NoteAbout = {}): void {
    if (this.#quiet) return;
    this.#say('note', message, about);
  }

  /**
   * A sentence that changes what the result means, or what happens to it, so `--quiet` does not
   * silence it.
   */
  warn(message: string, about: NoteAbout = {}): void {
    this.#say('warning', message, about);
  }

  /**
   * What happened to one item: an event for a program, and lines for a person if there is anything
   * to say.
   */
  item(type: string, fields: object, lines: readonly string[]): void {
    if (this.#quiet) return;
    if (this.#isEvents) this.#event(type, renderMessages(fields, this.#render), type === 'dead' ? 'error' : 'info');
    else for (const line of lines) this.note(line);
  }

  /** What only a log shows, for example that an item has started. */
  record(type: string, fields: object): void {
    if (this.#isLog && !this.#quiet) this.#event(type, fields);
  }

  /**
   * The result: JSON with `--json`, otherwise text. A program that reads events also receives it as
   * the last event.
   *
   * @param how.isNews false if nothing has changed: `--quiet` then silences the text
   * @param how.secret fields that also appear in the JSON on stdout, but in no event
   */
  result<Value extends object>(
    value: Value,
    text: (value: Value, colours: Colours) => string,
    {
      to = 'out',
      isNews = true,
      secret = {},
    }: {
      readonly to?: keyof ConsoleStreams | undefined;
      readonly isNews?: boolean | undefined;
      readonly secret?: object | undefined;
    } = {},
  ): void {
    this.close();
    const shown = renderMessages(value, this.#render);
    const told = this.#isDryRun ? { ...shown, dryRun: true } : shown;
    if (this.#isEvents) this.#event('summary', told);
    if (this.#isEvents && to === 'err') return;
    if (this.#quiet && !isNews && !this.#json) return;
    const stream = this.#streams[to];
    if (this.#json && to === 'out') stream.write(`${printableJson({ ...told, ...secret })}\n`);
    else stream.write(printablePainted(`${text(shown, coloursOf(stream))}${this.#isDryRun ? NOTHING_WRITTEN : ''}`));
  }

  /** The error that ended the command. */
  error(error: { readonly message: string; readonly code: string; readonly remedy?: string | undefined }): void {
    this.close();
    const { code } = error;
    const message = this.#render(error.message);
    const remedy = error.remedy === undefined ? undefined : this.#render(error.remedy);
    if (this.#isEvents) this.#event('error', { code, message, remedy }, 'error');
    else {
      this.#line(`${coloursOf(this.#streams.err).red('reelflow:')} ${printableLines(`${message} [${code}]`)}`);
      if (remedy !== undefined) this.#line(`  ${printableLines(remedy)}`);
    }
  }

  /** An unforeseen error: an event for a program. For a person, Node.js prints the stack. */
  fault(fault: unknown): void {
    const message = fault instanceof Error ? fault.message : String(fault);
    if (this.#isEvents) this.error({ message, code: 'internal' });
    this.close();
  }

  /** Ends the progress. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#isEvents) this.#draw();
    this.#pending = undefined;
    this.#clear();
  }

  #say(level: 'note' | 'warning', said: string, about: NoteAbout): void {
    const message = this.#render(said);
    if (this.#isLog) this.#event('note', { message, ...about }, level === 'note' ? 'info' : level);
    else if (this.#isEvents) this.#event('note', { level, message, ...about });
    else {
      this.#clear();
      const shown = printableLines(message);
      this.#line(level === 'warning' ? coloursOf(this.#streams.err).yellow(shown) : shown);
    }
  }

  #draw(): void {
    if (this.#pending === undefined) return;
    const { state, line: lineOf } = this.#pending;
    const line = () => printable(lineOf());
    this.#pending = undefined;
    this.#due = Date.now() + this.#every;
    const { err } = this.#streams;
    if (this.#isEvents) this.#event('progress', state);
    else if (!err.isTTY) this.#line(line());
    else {
      this.#clear();
      // A terminal that reports no columns does not reveal its width.
      err.write(line().slice(0, Math.max(20, (err.columns || 120) - 1)));
      this.#isDrawn = true;
    }
  }

  #clear(): void {
    if (this.#isDrawn) this.#streams.err.write('\r\u001b[2K');
    this.#isDrawn = false;
  }

  #line(text: string): void {
    this.#streams.err.write(`${text}\n`);
  }

  #event(type: string, fields: object, level: 'info' | 'warning' | 'error' = 'info'): void {
    const time = new Date().toISOString();
    const { item } = fields as { readonly item?: unknown };
    const video = typeof item === 'string' ? { video: itemTraceId(item) } : {};
    const record = this.#isLog
      ? { time, level, event: type, run: this.#run, ...video, ...fields }
      : { type, time, ...fields };
    this.#streams.err.write(`${printableJson(record)}\n`);
  }
}
