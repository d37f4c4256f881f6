import { Observable, type OperatorFunction } from 'rxjs';
import { checkFunction, checkInteger, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions } from '../../core/known-options.ts';
import type { RowTable } from '../../io/dataset/row-table.ts';
import { checkTableName, parseRowSchema, type Row, type RowSchema } from '../../io/dataset/row-types.ts';
import { checkStreamName } from '../../io/dataset/schema.ts';
import { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { type Cuts, checkCuts } from '../../operators/division.ts';
import type { Embedding, RepeatedFrames } from '../../operators/embed.ts';
import type { Frame } from '../../operators/frame.ts';
import { type MapAsyncOptions, mapAsyncOptions } from '../../operators/map-async.ts';
import { type Holding, type OperatorOptions, operatorOptions, type Stage } from '../../operators/own-operator.ts';
import type { Patch } from '../../operators/patch.ts';
import type { Statistic } from '../../operators/statistics.ts';
import type { SubclipRow, Timed } from '../../operators/subclips.ts';
import { type HoldOptions, holdOptions, type WindowOptions, windowOptions } from '../../operators/window.ts';
import { type ZipOptions, zipOptions } from '../../operators/zip.ts';
import type { Json } from '../graph.ts';
import { networkIdentity } from './network-identity.ts';
import { cutsAsJson, resolveEmbedding, resolveStatistics, rowsName, subclipsName } from './resolve.ts';
import { type AudioSource, type FrameSource, type Source, Sources } from './sources.ts';
import type {
  ColumnOptions,
  Columns,
  ElementOf,
  EmbeddingOptions,
  ScopeAudioOptions,
  ScopeFramesOptions,
  VideoScope,
} from './video-scope.ts';

/** A network that a dataflow uses. */
export interface TracedNetwork {
  /** Name of its operator. */
  readonly name: string;
  readonly network: UnopenedNetwork;
  readonly repeatedFrames: RepeatedFrames;
  /** What it is fed with, if known. */
  readonly source: Source | undefined;
}

/** A column that a dataflow returns. */
export interface TracedColumn {
  readonly name: string;
  /** Name of its operator. */
  readonly operator: string;
  /** How videos are cut. */
  readonly cuts: Cuts;
  readonly statistics: readonly Statistic[];
  /** The source that it is computed from, if known. */
  readonly source: Source | undefined;
  /** The network whose vectors it summarises, if they come straight from one. */
  readonly network: TracedNetwork | undefined;
  /** The steps from the decoder to the column, with what changes values in each. */
  readonly steps: readonly Json[];
}

/** A table of rows that a dataflow returns. */
export interface TracedTable {
  readonly name: string;
  /** Name of its operator. */
  readonly operator: string;
  readonly schema: RowSchema;
  /** The source that it is computed from, if known. */
  readonly source: Source | undefined;
  /** The steps from the decoder to the table, with what changes values in each. */
  readonly steps: readonly Json[];
}

/** What a dataflow is made of, found out without running it. */
export interface Trace {
  readonly sources: readonly Source[];
  readonly networks: readonly TracedNetwork[];
  readonly columns: readonly TracedColumn[];
  readonly tables: readonly TracedTable[];
  /**
   * Elements that its operators (windows and asynchronous work) keep at once, in addition to those
   * in transit.
   */
  readonly held: readonly { readonly source: Source; readonly elements: number }[];
  /** Whether it contains functions, whose code has no hash. */
  readonly hasFunctions: boolean;
}

/** Where an observable comes from. */
interface Origin {
  readonly source: Source | undefined;
  /** The network that made its vectors. */
  readonly network: TracedNetwork | undefined;
  readonly steps: readonly Json[];
}

/** A step that is code. */
const CODE = 'function';

/**
 * Finds out what a dataflow is made of by calling it once with a scope that decodes nothing and
 * never emits an element.
 *
 * @throws UsageError when it returns nothing, or something that does not end in `scope.subclips` or
 * `scope.rows`.
 */
export function traceColumns(columns: (scope: VideoScope) => Columns): Trace {
  checkFunction('columns', columns);
  const scope = new TracedScope();
  return scope.trace(columns(scope));
}

class TracedScope implements VideoScope {
  readonly video = new Video('planned');
  readonly signal = new AbortController().signal;
  readonly #sources = new Sources();
  readonly #used = new Set<Source>();
  readonly #origins = new WeakMap<Observable<unknown>, Origin>();
  readonly #cuts = new WeakMap<
    Observable<unknown>,
    Omit<TracedColumn, 'name' | 'operator'> & { operator?: string | undefined }
  >();
  readonly #tables = new WeakMap<Observable<unknown>, Omit<TracedTable, 'name' | 'operator'>>();
  readonly #networks = new Map<UnopenedNetwork, TracedNetwork>();
  readonly #held: { source: Source; elements: number }[] = [];

  frames(options?: ScopeFramesOptions): Observable<Frame> {
    return this.#read(this.#sources.frames(options));
  }

  audio(options?: ScopeAudioOptions): Observable<Patch> {
    return this.#read(this.#sources.audio(options));
  }

  embed<T extends Uint8Array | Float32Array>(
    network: UnopenedNetwork<T>,
    options?: EmbeddingOptions,
  ): OperatorFunction<ElementOf<T>, Embedding> {
    const resolved = resolveEmbedding(network, options);
    return (input) => {
      const from = this.#originOf(input);
      checkFeeds(network, from);
      const known = this.#networks.get(network);
      const used = known ?? { ...resolved, network, source: from.source };
      this.#networks.set(network, used);
      return this.#stream({ ...from, network: used, steps: [...from.steps, { network: networkIdentity(network) }] });
    };
  }

  subclips(options: ColumnOptions): OperatorFunction<Timed, SubclipRow> {
    const { operator } = options;
    const cuts = checkCuts(options);
    const statistics = resolveStatistics(options);
    return (input) => {
      const { source, network, steps } = this.#originOf(input);
      const rows = this.#stream<SubclipRow>({ source, network: undefined, steps });
      const cut = { cuts, statistics, source, network, steps: [...steps, { ...cutsAsJson(cuts), statistics }] };
      this.#cuts.set(rows, operator === undefined ? cut : { ...cut, operator });
      return rows;
    };
  }

  rows<const S extends RowSchema>(schema: S): OperatorFunction<Row<S>, RowTable> {
    parseRowSchema(schema);
    return (input) => {
      const { source, steps } = this.#originOf(input);
      const rows = this.#stream<RowTable>({ source, network: undefined, steps });
      this.#tables.set(rows, { schema, source, steps: [...steps, { rows: schema }] });
      return rows;
    };
  }

  mapAsync<A, B>(_: (value: A, signal: AbortSignal) => Promise<B>, options: MapAsyncOptions<A, B>) {
    checkKnownOptions('scope.mapAsync', options, mapAsyncOptions);
    return this.#code<A, B>('mapAsync', options.concurrency ?? 1);
  }

  window<A>(size: number, options: WindowOptions<A> = {}): OperatorFunction<A, A[]> {
    checkInteger('size', size);
    checkKnownOptions('scope.window', options, windowOptions);
    return (input) => {
      const from = this.#originOf(input);
      this.#hold(from.source, size);
      const step = { window: size, step: options.step ?? size };
      return this.#stream({ ...from, network: undefined, steps: [...from.steps, step] });
    };
  }

  buffer<A>(_: Observable<unknown>, options: HoldOptions<A> = {}): OperatorFunction<A, A[]> {
    checkKnownOptions('scope.buffer', options, holdOptions);
    return this.#code<A, A[]>('buffer', 0);
  }

  zip<A, B>(_: Observable<B>, options: ZipOptions<A, B> = {}): OperatorFunction<A, [A, B]> {
    checkKnownOptions('scope.zip', options, zipOptions);
    return this.#code<A, [A, B]>('zip', 0);
  }

  delay<A>(_: number, options: HoldOptions<A> = {}): OperatorFunction<A, A> {
    checkKnownOptions('scope.delay', options, holdOptions);
    return (input) => this.#stream(this.#originOf(input));
  }

  operator<In, Out>(
    name: string,
    define: (holding: Holding<Out>) => Stage<In>,
    options: OperatorOptions = {},
  ): OperatorFunction<In, Out> {
    checkString('name', name);
    checkFunction('define', define);
    checkKnownOptions('scope.operator', options, operatorOptions);
    return this.#code<In, Out>(name, 1);
  }

  /** The trace, from the columns and what was recorded while they were composed. */
  trace(columns: Columns): Trace {
    if (typeof columns !== 'object' || columns === null || Object.keys(columns).length === 0) {
      throw new UsageError(`\`columns\` must return at least one named column, but returned ${shown(columns)}`);
    }
    const traced: TracedColumn[] = [];
    const tables: TracedTable[] = [];
    for (const [name, rows] of Object.entries(columns)) {
      checkStreamName(name);
      const [cut, table] = rows instanceof Observable ? [this.#cuts.get(rows), this.#tables.get(rows)] : [];
      if (cut !== undefined) traced.push({ ...cut, name, operator: subclipsName(name, cut.operator) });
      else if (table !== undefined) tables.push({ ...table, name: checkTableName(name), operator: rowsName(name) });
      else
        throw new UsageError(
          `column '${name}' must end in \`scope.subclips\` or \`scope.rows\`, but is ${shown(rows)}`,
        );
    }
    return {
      sources: [...this.#used],
      networks: [...this.#networks.values()],
      columns: traced,
      tables,
      held: this.#held,
      hasFunctions: [...traced, ...tables].some(({ steps }) => steps.some((step) => isCode(step))),
    };
  }

  #read(source: FrameSource): Observable<Frame>;
  #read(source: AudioSource): Observable<Patch>;
  #read(source: Source): Observable<never> {
    this.#used.add(source);
    const { kind, name: _, ...options } = source;
    return this.#stream({ source, network: undefined, steps: [{ [kind]: options as Json }] });
  }

  #code<A, B>(name: string, elements: number): OperatorFunction<A, B> {
    return (input) => {
      const from = this.#originOf(input);
      this.#hold(from.source, elements);
      return this.#stream({ ...from, network: undefined, steps: [...from.steps, { [CODE]: name }] });
    };
  }

  #hold(source: Source | undefined, elements: number): void {
    if (source !== undefined && elements > 0) this.#held.push({ source, elements });
  }

  #stream<T>(origin: Origin): Observable<T> {
    const stream = new Observable<T>();
    this.#origins.set(stream, origin);
    return stream;
  }

  /**
   * Observables made by RxJS operators know their source; one that was not made from ours has an
   * unknown origin.
   */
  #originOf(observable: Observable<unknown>): Origin {
    const own = this.#origins.get(observable);
    if (own !== undefined) return own;
    const before = (observable as { readonly source?: unknown }).source;
    const from = before instanceof Observable ? this.#originOf(before) : undefined;
    return { source: from?.source, network: undefined, steps: [...(from?.steps ?? []), { [CODE]: 'rxjs' }] };
  }
}

/** Whether a step of a column is a function. */
export function isCode(step: Json): boolean {
  return typeof step === 'object' && step !== null && CODE in step;
}

/**
 * Refuses to feed pictures to a network for sound or sound to one for pictures, and pictures of the
 * wrong size.
 */
function checkFeeds(network: UnopenedNetwork, { source, steps }: Origin): void {
  // If there are functions in between, their output is checked as it arrives.
  if (source === undefined || steps.some(isCode)) return;
  const { input, name } = network;
  const remedy = `Decode what it expects: \`scope.${'width' in input ? 'frames' : 'audio'}(network.input)\`.`;
  const takesFrames = 'width' in input;
  if (takesFrames !== (source.kind === 'pictures')) {
    const [takes, gets] = takesFrames ? ['frames', 'audio'] : ['audio', 'frames'];
    throw new UsageError(`${name} takes ${takes}, but its input is ${gets}`, { remedy });
  }
  const wanted = Object.entries(input).filter(([key]) => key !== 'hopSamples' && key !== 'resize');
  const given = source as unknown as Readonly<Record<string, unknown>>;
  if (wanted.every(([key, value]) => given[key] === value)) return;
  const text = (of: Readonly<Record<string, unknown>>) => wanted.map(([key]) => `${key} ${of[key]}`).join(', ');
  throw new UsageError(`${name} takes ${text(Object.fromEntries(wanted))}, but its input has ${text(given)}`, {
    remedy,
  });
}
