import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { missingDirectories } from '../../core/atomic-file.ts';
import { checkInteger, checkString } from '../../core/check.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import {
  doubleField,
  floatField,
  integerField,
  messageField,
  type Pieces,
  stringField,
} from '../../core/protobuf-writer.ts';
import { writeAllSync } from '../../core/whole-io.ts';
import { encodeHistogram, histogramOf } from './histogram.ts';
import { tfRecord } from './record.ts';

/** What is logged for one step. */
export interface EventStep {
  /** For instance the epoch, from 0. */
  readonly step: number;
  /** Numbers by tag, for instance `loss/training`. */
  readonly scalars?: Readonly<Record<string, number | undefined>> | undefined;
  /** Values whose distribution is logged, by tag. */
  readonly histograms?: Iterable<readonly [string, Float32Array]> | undefined;
}

/**
 * Fields of the messages `Event` and `Summary.Value` (tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto).
 */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const value = { tag: 1, simpleValue: 2, histogram: 5 } as const;
/**
 * `SessionLog.START`: a reader drops what it has for this and later steps, from a run that was
 * interrupted.
 */
const sessionStart = 1;

let filesOfThisProcess = 0;

/**
 * A TensorBoard event file: TFRecords of `Event` messages. It is only appended to, each step's
 * records with one write, so it is valid at any moment, except for a record that a crash cut off,
 * which readers skip. Nothing is held in memory.
 *
 * @example
 * const events = EventFile.create('runs/dcf-av-1', 0);
 * events.add({ step: 0, scalars: { 'loss/training': 0.91 }, histograms: new Map([['kernel', Float32Array.of(0.1)]]) });
 * events.close();
 */
export class EventFile {
  readonly path: string;
  readonly #file: number;

  private constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'ax');
  }

  /**
   * Starts a new file in a directory, which is created if it is missing.
   *
   * @param firstStep the first step of the run; records of this and later steps in other files of
   * the directory become void.
   * @throws SystemError `not-writable` when the file cannot be created, `disk-full`.
   */
  static create(directory: string, firstStep: number, seconds = Date.now() / 1000): EventFile {
    checkString('directory', directory);
    checkInteger('firstStep', firstStep, 0);
    const number = filesOfThisProcess++;
    const name = `events.out.tfevents.${Math.floor(seconds)}.reelflow.${process.pid}.${number}`;
    let file: EventFile;
    try {
      for (const missing of missingDirectories(directory)) mkdirSync(missing);
      file = new EventFile(join(directory, name));
    } catch (cause) {
      throw directoryFailure(`an event file in ${directory}`, cause, 'Name another directory that you may write to.');
    }
    const time = doubleField(event.wallTime, seconds);
    file.#append([
      [...time, ...stringField(event.fileVersion, 'brain.Event:2')],
      [
        ...time,
        ...integerField(event.step, firstStep),
        ...messageField(event.sessionLog, integerField(1, sessionStart)),
      ],
    ]);
    return file;
  }

  /** Appends the records of a step. @throws UsageError when a scalar is not a number. */
  add({ step, scalars = {}, histograms = [] }: EventStep, seconds = Date.now() / 1000): void {
    checkInteger('step', step, 0);
    const head = [...doubleField(event.wallTime, seconds), ...integerField(event.step, step)];
    const values = Object.entries(given(scalars)).map(([tag, scalar]) => {
      if (typeof scalar !== 'number') throw new UsageError(`scalar '${tag}' must be a number, but is ${scalar}`);
      return [...stringField(value.tag, tag), ...floatField(value.simpleValue, scalar)];
    });
    for (const [tag, numbers] of histograms) {
      const encoded = encodeHistogram(histogramOf(numbers));
      values.push([...stringField(value.tag, tag), ...messageField(value.histogram, encoded)]);
    }
    this.#append(values.map((fields) => [...head, ...messageField(event.summary, messageField(1, fields))]));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(events: readonly Pieces[]): void {
    const bytes = Buffer.concat(events.map((pieces) => tfRecord(Buffer.concat(pieces))));
    writeAllSync(this.#file, bytes);
  }
}
