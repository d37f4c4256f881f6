import { defer, type Observable, type OperatorFunction, share, tap } from 'rxjs';
import { UsageError } from '../../core/errors.ts';
import type { RowTable } from '../../io/dataset/row-table.ts';
import { parseRowSchema, type Row, type RowSchema } from '../../io/dataset/row-types.ts';
import { audio } from '../../io/media/audio.ts';
import type { DecodingOptions } from '../../io/media/decoding-options.ts';
import { frames } from '../../io/media/frames.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { type Embedder, type Embedding, embed } from '../../operators/embed.ts';
import type { Scope } from '../../operators/flow.ts';
import type { Frame } from '../../operators/frame.ts';
import type { MapAsyncOptions } from '../../operators/map-async.ts';
import type { Holding, OperatorOptions, Stage } from '../../operators/own-operator.ts';
import type { Patch } from '../../operators/patch.ts';
import { type SubclipRow, subclips, type Timed } from '../../operators/subclips.ts';
import type { HoldOptions, WindowOptions } from '../../operators/window.ts';
import type { ZipOptions } from '../../operators/zip.ts';
import { collectRows } from './collect-rows.ts';
import { resolveEmbedding, resolveStatistics, rowsName, subclipsName } from './resolve.ts';
import { type Source, Sources } from './sources.ts';
import type {
  ColumnOptions,
  Columns,
  ElementOf,
  EmbeddingOptions,
  ScopeAudioOptions,
  ScopeFramesOptions,
  VideoScope,
} from './video-scope.ts';

/**
 * Milliseconds an element may wait for its batch to fill. Long, because full batches matter most
 * here; memory pressure and the ends of streams flush them anyway.
 */
const BATCH_DELAY = 5000;

/** Open sessions, by network. */
export type NetworkServices = ReadonlyMap<UnopenedNetwork, Embedder<Uint8Array> | Embedder<Float32Array>>;

/** How a video is decoded inside a run. */
export type Decoding = Pick<DecodingOptions, 'allowPartial' | 'onVerdict' | 'stopInDoubt'>;

/** One video inside a run: decodes, computes and holds under the scope of a flow. */
export class RunningScope implements VideoScope {
  /** Frames and patches decoded so far; if there are several sources of a kind, by the first. */
  readonly decoded = { frames: 0, patches: 0 };
  readonly #sources = new Sources();
  readonly #streams = new Map<Source, Observable<Frame> | Observable<Patch>>();
  readonly #names = new WeakMap<Observable<unknown>, string>();
  readonly #scope: Scope;
  readonly #services: NetworkServices;
  readonly #decoding: Decoding;
  readonly #reached: (seconds: number) => void;
  readonly #onFrame: ((frame: Frame) => void) | undefined;

  /**
   * @param run.reached called with every element's time.
   * @param run.onFrame called for every frame of the first source of pictures, which is valid only
   *   during the call.
   */
  constructor(
    readonly video: Video,
    readonly signal: AbortSignal,
    run: {
      readonly scope: Scope;
      readonly services: NetworkServices;
      readonly decoding: Decoding;
      readonly reached: (seconds: number) => void;
      readonly onFrame?: ((frame: Frame) => void) | undefined;
    },
  ) {
    this.#scope = run.scope;
    this.#services = run.services;
    this.#decoding = run.decoding;
    this.#reached = run.reached;
    this.#onFrame = run.onFrame;
  }

  /** Decoding pictures takes the most time, so their progress is the progress of the video. */
  get #hasPictures(): boolean {
    return this.video.info.video !== undefined && [...this.#streams.keys()].some(({ kind }) => kind === 'pictures');
  }

  /** The columns and tables, each under its name. */
  compose(columns: Columns): readonly (Observable<SubclipRow> | Observable<RowTable>)[] {
    return Object.entries(columns).map(([name, rows]) => {
      this.#names.set(rows, name);
      return rows;
    });
  }

  frames(options?: ScopeFramesOptions): Observable<Frame> {
    const source = this.#sources.frames(options);
    return this.#once(source, (isFirst) => {
      const { kind: _, ...picture } = source;
      const counted = tap<Frame>((frame) => {
        if (isFirst) {
          this.decoded.frames += 1;
          this.#onFrame?.(frame);
        }
        this.#reached(frame.time);
      });
      return frames(this.video, { ...this.#decoding, scope: this.#scope, signal: this.signal, ...picture }).pipe(
        counted,
      );
    }) as Observable<Frame>;
  }

  audio(options?: ScopeAudioOptions): Observable<Patch> {
    const source = this.#sources.audio(options);
    return this.#once(source, (isFirst) => {
      const { kind: _, ...sound } = source;
      const counted = tap<Patch>((patch) => {
        if (isFirst) this.decoded.patches += 1;
        if (!this.#hasPictures) this.#reached(patch.time);
      });
      return audio(this.video, { ...this.#decoding, scope: this.#scope, signal: this.signal, ...sound }).pipe(counted);
    }) as Observable<Patch>;
  }

  embed<T extends Uint8Array | Float32Array>(
    network: UnopenedNetwork<T>,
    options?: EmbeddingOptions,
  ): OperatorFunction<ElementOf<T>, Embedding> {
    const embedder = this.#services.get(network);
    if (embedder === undefined) {
      throw new UsageError(`the dataflow did not use '${network.name}' when it was planned`, {
        remedy: 'Compose the same operators in every call: the run follows the plan.',
      });
    }
    const used = { ...resolveEmbedding(network, options), scope: this.#scope, maxDelay: BATCH_DELAY };
    return embed(embedder as Embedder<ElementOf<T>['data']>, used);
  }

  rows<const S extends RowSchema>(schema: S): OperatorFunction<Row<S>, RowTable> {
    const parsed = parseRowSchema(schema);
    return (input) => {
      const rows: Observable<RowTable> = defer(() => {
        const name = this.#nameOf(rows, 'scope.rows');
        return input.pipe(collectRows(name, parsed, { scope: this.#scope, operator: rowsName(name) }));
      });
      return rows;
    };
  }

  /**
   * Columns and tables get their names once all are composed, before anything subscribes to them.
   */
  #nameOf(rows: Observable<unknown>, end: string): string {
    const name = this.#names.get(rows);
    if (name === undefined)
      throw new UsageError(`what ends in \`${end}\` is a key of what \`columns\` gives: give it as one`);
    return name;
  }

  subclips(options: ColumnOptions): OperatorFunction<Timed, SubclipRow> {
    const { count, seconds } = options;
    const statistic = resolveStatistics(options);
    return (input) => {
      const rows: Observable<SubclipRow> = defer(() => {
        const name = this.#nameOf(rows, 'scope.subclips');
        return input.pipe(
          subclips(this.video, {
            name,
            count,
            seconds,
            statistic,
            scope: this.#scope,
            operator: subclipsName(name, options.operator),
          }),
        );
      });
      return rows;
    };
  }

  mapAsync<A, B>(map: (value: A, signal: AbortSignal) => Promise<B>, options: MapAsyncOptions<A, B>) {
    return this.#scope.mapAsync(map, options);
  }

  window<A>(size: number, options?: WindowOptions<A>): OperatorFunction<A, A[]> {
    return this.#scope.window(size, options);
  }

  buffer<A>(closing: Observable<unknown>, options?: HoldOptions<A>): OperatorFunction<A, A[]> {
    return this.#scope.buffer(closing, options);
  }

  zip<A, B>(other: Observable<B>, options?: ZipOptions<A, B>): OperatorFunction<A, [A, B]> {
    return this.#scope.zip(other, options);
  }

  delay<A>(milliseconds: number, options?: HoldOptions<A>): OperatorFunction<A, A> {
    return this.#scope.delay(milliseconds, options);
  }

  operator<In, Out>(
    name: string,
    define: (holding: Holding<Out>) => Stage<In>,
    options?: OperatorOptions,
  ): OperatorFunction<In, Out> {
    return this.#scope.operator(name, define, options);
  }

  /**
   * One decoder for each source, however many read it: all have subscribed before the first element
   * arrives.
   */
  #once(
    source: Source,
    decode: (isFirst: boolean) => Observable<Frame> | Observable<Patch>,
  ): Observable<Frame> | Observable<Patch> {
    const known = this.#streams.get(source);
    if (known !== undefined) return known;
    const isFirst = ![...this.#streams.keys()].some(({ kind }) => kind === source.kind);
    const stream = (decode(isFirst) as Observable<Frame>).pipe(share());
    this.#streams.set(source, stream);
    return stream;
  }
}
