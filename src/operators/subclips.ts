import { Observable, type OperatorFunction } from 'rxjs';
import { checkInteger, checkPositive, checkString } from '../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { checkCuts, divisions } from './division.ts';
import type { Bytes } from './payload.ts';
import { rowsPerChunk } from './row-window.ts';
import { checkStatistics, needsRows, type Statistic } from './statistics.ts';
import { MedianScratch } from './subclip-cut.ts';
import { SubclipPass } from './subclip-pass.ts';
import type { Span, SubclipRow, Timed } from './subclip-row.ts';

export type { Span, SubclipRow, Timed } from './subclip-row.ts';

/**
 * Where the operator accounts for the bytes it keeps and the time it takes, such as a `Scope` of a
 * `Flow`.
 */
export interface SubclipScope {
  reservation(name: string): { grow(bytes: Bytes): void; shrink(bytes: Bytes): void; free(): void };
  meter(name: string): {
    in: number;
    enter(): void;
    leave(): void;
    emit<T>(out: { next(value: T): void }, value: T): void;
  };
}

/** What `subclips` computes. */
export interface SubclipOptions {
  /** Name of the stream, and of its dataset column: `visual`, `audio`, or one of your own. */
  readonly name: string;
  /** Number of equal subclips that the span is cut into; several cuts cost one pass. */
  readonly count?: number | readonly number[] | undefined;
  /**
   * Length of a subclip in seconds, if all are to have the same length whatever the span's. Beside
   * `count` or instead of it.
   */
  readonly seconds?: number | readonly number[] | undefined;
  /** How each subclip is summarised; several statistics cost one pass. */
  readonly statistic: Statistic | readonly Statistic[];
  /** Accounts for bytes kept and time taken. Without it they are not accounted for. */
  readonly scope?: SubclipScope | undefined;
  /** Name in the metrics. Default: `subclips-` and the stream's name. */
  readonly operator?: string | undefined;
}

const known: KnownOptions<SubclipOptions> = {
  name: true,
  count: true,
  statistic: true,
  scope: true,
  operator: true,
  seconds: true,
};

/**
 * Cuts a stream of timed vectors into subclips and summarises each, for any set of cuts and
 * statistics in one pass.
 *
 * - Cut into S equal parts (`count`), a row at time t belongs to subclip
 *   min(floor(t S / D + 1e-9), S - 1), times before 0 to the first.
 * - Cut every L seconds (`seconds`), it belongs to subclip min(floor(t / L + 1e-9), N - 1). The
 *   last subclip ends with the span: it is shorter than L, or up to a tenth of L longer, because a
 *   remainder shorter than that is not a subclip of its own. N is max(1, ceil(D / L - 0.1)).
 * - A subclip without a row of its own takes a single one, with spread 0. Among rows with a
 *   `centre` after their time (audio patches), it takes the one whose centre is nearest its
 *   midpoint, the earlier on a tie; among rows of a moment (frames, rows without `centre`), the one
 *   showing at its midpoint: the last before it, or the first of all.
 * - Variance is divided by n; the median absolute deviation is unscaled; an even median is the mean
 *   of the middle two. Everything is computed in float64 and emitted as float32.
 *
 * Emits the rows of a subclip as soon as a later row shows that it is over, and the rest when the
 * source completes. Within a cut, subclips come in ascending order. A source without rows gives
 * none.
 *
 * Buffering: vectors are copied, never kept. `mean` and `meanvar` keep 8 D or 16 D bytes for each
 * cut. `median` and `medmad` keep the rows since the start of the earliest open subclip, once for
 * all cuts (4 D bytes a row), see `subclipsClaim`. All of it is accounted for through `scope` and
 * given back on completion, error and unsubscription.
 *
 * Errors: FlowError `order` if times or centres do not ascend or a centre lies before its time,
 * `batch-result` if a vector has no values, a different length from the first, or a value that is
 * not a finite number; UsageError if the span has no duration.
 *
 * @example
 * const heat = video('heat.mp4');
 * const alexnet = network('alexnet');
 * const pictures = frames(heat, { scope, ...alexnet.input });
 * const tenths = { count: [10, 20], statistic: 'medmad', scope } as const;
 * pictures.pipe(embed(await alexnet.open(), { scope }), subclips(heat, { name: 'visual', ...tenths }));
 */
export function subclips(span: Span, options: SubclipOptions): OperatorFunction<Timed, SubclipRow> {
  checkKnownOptions('subclips', options, known);
  const name = checkString('name', options.name);
  const cuts = checkCuts(options);
  const statistics = checkStatistics('statistic', options.statistic);
  const operator = checkString('operator', options.operator ?? `subclips-${name}`);
  return (source) =>
    new Observable<SubclipRow>((subscriber) => {
      const holder = options.scope?.reservation(operator);
      const meter = options.scope?.meter(operator);
      const pass = new SubclipPass(span, name, cuts, statistics, (change) => {
        if (change > 0) holder?.grow(change);
        else if (change < 0) holder?.shrink(-change);
      });
      subscriber.add(() => holder?.free());

      /**
       * Computes and emits the rows one after another.
       * @returns false if the output closed before all rows were emitted.
       */
      const emit = (rows: Iterator<SubclipRow>): boolean => {
        while (!subscriber.closed) {
          let step: IteratorResult<SubclipRow>;
          meter?.enter();
          try {
            step = rows.next();
          } catch (error) {
            subscriber.error(error);
            return false;
          } finally {
            meter?.leave();
          }
          if (step.done) return true;
          if (meter) meter.emit(subscriber, step.value);
          else subscriber.next(step.value);
        }
        return false;
      };
      connect(source, subscriber, {
        next: (element) => {
          if (meter) meter.in += 1;
          emit(pass.take(element));
        },
        complete: () => {
          if (emit(pass.end())) subscriber.complete();
        },
      });
    });
}

/**
 * The most bytes that `subclips` keeps at once for a stream: what a scope must claim for it.
 *
 * @param options.duration - length of the span in seconds
 * @param options.rate - rows per second on average
 * @param options.peakRate - rows per second where they are densest, for a stream of varying rate;
 * default `rate`
 * @param options.dimension - number of values in a row
 * @param options.lead - seconds from a row's time to its centre (0 for frames, about 0.48 for audio
 * patches)
 */
export function subclipsClaim(options: {
  readonly duration: number;
  readonly rate: number;
  readonly peakRate?: number | undefined;
  readonly dimension: number;
  readonly counts?: number | readonly number[] | undefined;
  readonly seconds?: number | readonly number[] | undefined;
  readonly statistics: Statistic | readonly Statistic[];
  readonly lead?: number | undefined;
}): Bytes {
  const duration = checkPositive('duration', options.duration);
  const rate = checkPositive('rate', options.rate);
  const peakRate = Math.max(rate, checkPositive('peakRate', options.peakRate ?? rate));
  const dimension = checkInteger('dimension', options.dimension);
  const { counts: count, seconds } = options;
  const cuts = divisions(checkCuts({ count, seconds }, { count: 'counts', seconds: 'seconds' }), duration);
  const statistics = checkStatistics('statistics', options.statistics);
  const lead = checkPositive('lead', options.lead ?? 0, { zero: true });
  const rowBytes = 4 * dimension;
  // The latest row, the spare, and the nearest rows of midpoints decided ahead of the stream's
  // times.
  let rows = 2;
  for (const cut of cuts) {
    const perSecond = cut.seconds === undefined ? cut.subclips / duration : 1 / cut.seconds;
    rows += Math.min(cut.subclips, Math.ceil(lead * perSecond) + 1);
  }
  let bytes = rows * rowBytes;
  const variance = statistics.includes('meanvar');
  if (variance || statistics.includes('mean')) bytes += cuts.length * dimension * (variance ? 16 : 8);
  if (statistics.some(needsRows)) {
    // A subclip's rows, never more than all, plus one if a border cuts unevenly; a chunk not yet
    // dropped and one just begun.
    const longest = Math.max(...cuts.map((cut) => cut.longest));
    const kept = Math.ceil(Math.min(duration * rate, longest * peakRate)) + 1;
    const chunkRows = rowsPerChunk(dimension);
    bytes += (Math.ceil(kept / chunkRows) + 1) * chunkRows * rowBytes + MedianScratch.byteLength(kept);
  }
  return bytes;
}
