import type { Observable, OperatorFunction } from 'rxjs';
import type { RowTable } from '../../io/dataset/row-table.ts';
import type { Row, RowSchema } from '../../io/dataset/row-types.ts';
import type { AudioOptions } from '../../io/media/audio.ts';
import type { FramesOptions } from '../../io/media/frames.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Embedding, RepeatedFrames } from '../../operators/embed.ts';
import type { Frame } from '../../operators/frame.ts';
import type { MapAsyncOptions } from '../../operators/map-async.ts';
import type { Holding, OperatorOptions, Stage } from '../../operators/own-operator.ts';
import type { Patch } from '../../operators/patch.ts';
import type { Statistic } from '../../operators/statistics.ts';
import type { SubclipRow, Timed } from '../../operators/subclips.ts';
import type { HoldOptions, WindowOptions } from '../../operators/window.ts';
import type { ZipOptions } from '../../operators/zip.ts';

type Given<Options> = { readonly [Key in keyof Options]?: Options[Key] | undefined };

/** Which pictures of the video are decoded, and to what size. */
export type ScopeFramesOptions = Given<Pick<FramesOptions, 'width' | 'height' | 'resize' | 'fps' | 'name'>>;

/** How the sound of the video is cut into patches. */
export type ScopeAudioOptions = Given<Pick<AudioOptions, 'sampleRate' | 'patchSamples' | 'hopSamples' | 'name'>>;

/** How a network is used. */
export interface EmbeddingOptions {
  /**
   * Its name in the metrics. Default: `embed-` and the network's name. The first use of a network
   * in a run names it.
   */
  readonly name?: string | undefined;
  /**
   * Whether an element that equals a recent one of the same video reuses its vector (`once`, the
   * default) or is computed again; the values are the same.
   */
  readonly repeatedFrames?: RepeatedFrames | undefined;
}

/** How a column is summarised. */
export interface ColumnOptions {
  /** Into how many subclips of equal length a video is cut; several cuts cost one pass. */
  readonly count?: number | readonly number[] | undefined;
  /**
   * Length of a subclip in seconds, the same in all videos: `seconds: 1` makes a row for every
   * second. Used with `count` or instead of it.
   */
  readonly seconds?: number | readonly number[] | undefined;
  /**
   * The statistic that summarises each subclip; several statistics cost one pass. Default `mean`.
   */
  readonly statistic?: Statistic | readonly Statistic[] | undefined;
  /** Its name in the metrics. Default: `subclips-` and the column's name. */
  readonly operator?: string | undefined;
}

/**
 * The element that a network's input takes: a frame for bytes of pictures, a patch for samples of
 * sound.
 */
export type ElementOf<T extends Uint8Array | Float32Array> = T extends Uint8Array ? Frame : Patch;

/**
 * One video inside a run. It provides the operators, each of which counts towards the memory limit.
 * A dataflow is a function of a scope, called once to plan the run, without decoding, and once for
 * each video.
 *
 * @example
 * const alexnet = network('alexnet');
 * const columns = (scope: VideoScope) => {
 *   const pictures = scope.frames(alexnet.input);
 *   const red = map((frame: Frame) => ({ time: frame.time, vector: Float32Array.of(frame.data[0] ?? 0) }));
 *   const tenths = scope.subclips({ count: 10 });
 *   return { visual: pictures.pipe(scope.embed(alexnet), tenths), red: pictures.pipe(red, tenths) };
 * };
 */
export interface VideoScope {
  readonly video: Video;
  /** Aborted when the run is stopped. */
  readonly signal: AbortSignal;

  /**
   * The pictures of the video, as `frames`, but with `crop` as the default of `resize`, as in
   * `extract`. Decoded once, however many columns use them; frames with the same options are the
   * same stream.
   */
  frames(options?: ScopeFramesOptions): Observable<Frame>;
  /** The sound of the video in patches, as `audio`. Decoded once, however many columns use it. */
  audio(options?: ScopeAudioOptions): Observable<Patch>;
  /**
   * Vectors of frames or patches, computed by a network whose sessions the run opens, shares
   * between all videos and closes. See `embed`.
   */
  embed<T extends Uint8Array | Float32Array>(
    network: UnopenedNetwork<T>,
    options?: EmbeddingOptions,
  ): OperatorFunction<ElementOf<T>, Embedding>;
  /**
   * Cuts vectors with times into subclips and summarises each, which ends a column. See `subclips`.
   */
  subclips(options: ColumnOptions): OperatorFunction<Timed, SubclipRow>;
  /**
   * Writes objects as rows of a separate table, whatever they stand for: shots, windows, seconds.
   * The key under which it is returned names the table; its columns are `item_id` and those of the
   * schema. Values are checked and copied; one that does not fit ends its video, naming the column.
   *
   * @example
   * const columns = (scope: VideoScope) => ({
   *   pictures: scope.frames({ fps: 1 }).pipe(
   *     map(({ time, data }) => ({ time, red: data[0] ?? 0, label: data[0] ? 'red' : null })),
   *     scope.rows({ time: 'time', red: 'float32', label: 'utf8?' }),
   *   ),
   * });
   */
  rows<const S extends RowSchema>(schema: S): OperatorFunction<Row<S>, RowTable>;

  /** Like `Scope.mapAsync`. */
  mapAsync<A, B>(
    map: (value: A, signal: AbortSignal) => Promise<B>,
    options: MapAsyncOptions<A, B>,
  ): OperatorFunction<A, B>;
  /** Like `Scope.window`. */
  window<A>(size: number, options?: WindowOptions<A>): OperatorFunction<A, A[]>;
  /** Like `Scope.buffer`. */
  buffer<A>(closing: Observable<unknown>, options?: HoldOptions<A>): OperatorFunction<A, A[]>;
  /** Like `Scope.zip`. */
  zip<A, B>(other: Observable<B>, options?: ZipOptions<A, B>): OperatorFunction<A, [A, B]>;
  /** Like `Scope.delay`. */
  delay<A>(milliseconds: number, options?: HoldOptions<A>): OperatorFunction<A, A>;
  /** Like `Scope.operator`. */
  operator<In, Out>(
    name: string,
    define: (holding: Holding<Out>) => Stage<In>,
    options?: OperatorOptions,
  ): OperatorFunction<In, Out>;
}

/**
 * The columns of a dataset, each ending in `scope.subclips`, and tables of rows, each ending in
 * `scope.rows`, by their names.
 */
export type Columns = Readonly<Record<string, Observable<SubclipRow> | Observable<RowTable>>>;
