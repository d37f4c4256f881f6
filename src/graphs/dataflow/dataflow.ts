import { catchError, concat, defer, ignoreElements, merge, type Observable, of, tap, throwError } from 'rxjs';
import { checkString } from '../../core/check.ts';
import { MediaError, UsageError } from '../../core/errors.ts';
import { joinRows } from '../../io/dataset/join.ts';
import type { RowTable } from '../../io/dataset/row-table.ts';
import type { ColumnShape, UnitTable } from '../../io/dataset/schema.ts';
import { type MediaFacts, summaryMetadata } from '../../io/dataset/unit-summary.ts';
import { DoubtfulLength } from '../../io/media/decoding-options.ts';
import { combineVerdicts, type Verdict } from '../../io/media/faults.ts';
import type { MediaInfo } from '../../io/media/media-info.ts';
import type { Video } from '../../io/media/video.ts';
import type { Frame } from '../../operators/frame.ts';
import { dimensionOf } from '../../operators/statistics.ts';
import type { SubclipRow } from '../../operators/subclips.ts';
import { type Graph, graphId, type Json, PlanOutdated, type UnitContext } from '../graph.ts';
import { type CheckedPolicy, type ItemPolicy, itemPolicy, skipReason } from '../item-policy.ts';
import type { GraphOrigin, GraphSpec } from '../spec/graph-spec.ts';
import { boundsOf, framesOf, has, resultBytes } from './bounds.ts';
import { COMMIT, nodesOf } from './nodes.ts';
import { type NetworkServices, RunningScope } from './running-scope.ts';
import { isCode, type Trace, traceColumns } from './trace.ts';
import type { Columns, VideoScope } from './video-scope.ts';

/** What a dataflow computes for each video. */
export interface DataflowOptions extends ItemPolicy {
  /** For people; part of the id. Default `dataflow`. */
  readonly name?: string | undefined;
  /**
   * Everything that changes values; part of the id. Default: what tracing the dataflow reveals, the
   * version of its functions, and the parameters of its module.
   */
  readonly params?: Json | undefined;
  /**
   * Version of the functions between reelflow's operators: required if there are any, unless
   * `params` are given.
   */
  readonly version?: string | undefined;
  /** Composes the columns of a video. */
  readonly columns: (scope: VideoScope) => Columns;
  /**
   * Called in this process for every frame that the first source of pictures decodes, as it
   * arrives; the frame is valid only during the call.
   */
  readonly onFrame?: ((frame: Frame, video: Video) => void) | undefined;
  /**
   * How another process can make the graph again. Default: it was defined inline, and no other
   * process can.
   */
  readonly origin?: GraphOrigin | undefined;
}

/** A graph over videos: one unit for each video, with the columns that its dataflow returns. */
export interface VideoGraph extends Graph<Video, UnitTable, NetworkServices> {
  /** The trace of its dataflow. @internal */
  readonly trace: Trace;
  /** The graph as JSON, for other processes: see `graphFrom`. */
  readonly spec: GraphSpec;
  /** The vector columns whose length is known before anything runs: every unit has them. */
  readonly columns: readonly ColumnShape[];
  /** Which items are skipped, and whether damaged ones are partly kept. */
  readonly policy: CheckedPolicy;
}

/**
 * Incremented whenever decoding, embedding or summarising produces different values for the same
 * parameters; part of every id. 2: the timeline and held frames follow what is actually shown, and
 * doubtful lengths are measured.
 */
const VERSION = 2;

/**
 * Builds the graph of a dataflow. The function `columns` is called once here, without decoding, and
 * once for each video.
 *
 * @throws UsageError when an option is invalid, or the function returns no columns.
 *
 * @example
 * const graph = dataflow({
 *   name: 'pictures',
 *   columns: (scope) => ({ visual: scope.frames().pipe(scope.embed(network('alexnet')), scope.subclips({ count: 10 })) }),
 * });
 */
export function dataflow(options: DataflowOptions): VideoGraph {
  const { columns, origin = { kind: 'inline' } } = options;
  const name = checkString('name', options.name ?? 'dataflow');
  const policy = itemPolicy(options);
  const trace = traceColumns(columns);
  /** Lengths of the vectors that functions produced, by column. */
  const seen = new Map<string, number>();
  const countedAs = Object.fromEntries(trace.columns.map(({ name, source }) => [name, source?.kind]));

  const shapes = trace.columns.flatMap(({ name: stream, network, statistics }): ColumnShape[] => {
    if (network === undefined) return [];
    const { dimension } = network.network;
    return statistics.map((statistic) => ({ stream, statistic, dimension: dimensionOf(statistic, dimension) }));
  });

  const graph = { name, version: VERSION, params: options.params ?? paramsOf(trace, options.version, origin) };

  return {
    ...graph,
    trace,
    spec: { ...origin, id: graphId(graph), graph, policy },
    columns: shapes,
    policy,
    nodes: nodesOf(trace),
    itemId: (video) => video.id,

    async prepare(video, signal) {
      const info = await video.probe({ signal });
      checkStreams(trace, info, video);
      const plan = { ...boundsOf(trace, info, seen), seconds: info.duration, frames: framesOf(trace, info) };
      const skip = skipReason(info.duration, policy);
      return skip === undefined ? plan : { ...plan, skip };
    },

    unit(video, context) {
      return pass(video, context).pipe(
        catchError((error) => {
          if (!(error instanceof DoubtfulLength)) return throwError(() => error);
          return measured(video, context, error);
        }),
      );
    },
  };

  /**
   * A file whose length turns out to differ from the stated one is measured; its memory needs and
   * its subclips follow the measured length.
   */
  function measured(
    video: Video,
    { signal }: UnitContext<NetworkServices>,
    { decodedAudio, message }: DoubtfulLength,
  ): Observable<never> {
    return defer(async () => {
      await video.measure({ signal, decodedAudio });
      throw new PlanOutdated(message);
    });
  }

  /** Decodes, computes and summarises a video once. */
  function pass(video: Video, context: UnitContext<NetworkServices>): Observable<UnitTable> {
    const { scope, services, signal, reached, mayReplan: stopInDoubt } = context;
    const { info } = video;
    const rows: SubclipRow[] = [];
    const tables = new Map<string, RowTable>();
    const verdicts: Verdict[] = [];
    const { allowPartial } = policy;
    const decoding = { allowPartial, stopInDoubt, onVerdict: (verdict: Verdict) => void verdicts.push(verdict) };
    const { onFrame } = options;
    const told = onFrame && ((frame: Frame) => onFrame(frame, video));
    const running = new RunningScope(video, signal, { scope, services, decoding, reached, onFrame: told });
    const streams = running.compose(columns(running));

    const finished = scope.reservation(COMMIT);
    finished.grow(Math.ceil(resultBytes(trace, info, seen)));
    const collect = merge<(SubclipRow | RowTable)[]>(...streams).pipe(
      tap((row) => {
        if (!('table' in row)) return void rows.push(row);
        tables.set(row.table, row);
        finished.grow(row.bytes.length);
      }),
      ignoreElements(),
    );
    const table = defer(() => {
      for (const { stream, statistic, vector } of rows) {
        seen.set(stream, vector.length / dimensionOf(statistic, 1));
      }
      const verdict = combineVerdicts(verdicts);
      if (verdict.verdict === 'rejected') {
        throw new MediaError(verdict.reason, verdict.message, { decoderLines: verdict.decoderLines });
      }
      // A missing cover picture is no loss among the pictures.
      const notes = [...verdict.notes, ...info.leftOut.filter((what) => !what.endsWith('cover art'))];
      const metadata = summaryMetadata(notes, mediaFacts(info));
      const facts = { seconds: info.duration, ...running.decoded, verdict, metadata };
      const rowTables = trace.tables.flatMap(({ name }) => tables.get(name) ?? []);
      const joined = joinRows({ itemId: video.id, rows, columns: shapes, countedAs, ...facts });
      return of(rowTables.length === 0 ? joined : { ...joined, rowTables });
    });
    return concat(collect, table).pipe(tap({ finalize: () => finished.free() }));
  }
}

/**
 * The parts of a dataflow that change values: what tracing reveals, and for the rest the version
 * and the parameters.
 */
function paramsOf({ columns, tables, hasFunctions }: Trace, version: string | undefined, origin: GraphOrigin): Json {
  if (version !== undefined) checkString('version', version);
  if (hasFunctions && version === undefined) {
    const names = [...columns, ...tables].filter(({ steps }) => steps.some(isCode)).map(({ name }) => `'${name}'`);
    throw new UsageError(
      `\`version\` must be given, because functions compute ${names.join(', ')}, and their code has no hash`,
      {
        code: 'version',
        remedy: "Give one, such as version: '1', and change it whenever a function computes something else.",
      },
    );
  }
  const steps = Object.fromEntries([...columns, ...tables].map(({ name, steps }) => [name, steps]));
  const params = origin.kind === 'module' ? origin.params : undefined;
  return { columns: steps, version, params };
}

/** What the table of items records about the media. */
function mediaFacts({ video, audio, leftOut }: MediaInfo): MediaFacts {
  const streams = [...(video ? [`video ${video.codec}`] : []), ...(audio ? [`audio ${audio.codec}`] : [])];
  const pictures = video && { fps: video.averageRate, width: video.width, height: video.height };
  return { ...pictures, streams, leftOut: leftOut.length === 0 ? undefined : leftOut };
}

/** @throws MediaError `no-streams` when a video has none of the streams to decode. */
function checkStreams({ sources }: Trace, info: MediaInfo, { path }: Video): void {
  if (sources.length === 0 || sources.some((source) => has(info, source))) return;
  const kind = sources.some((source) => source.kind === 'pictures') ? 'video' : 'audio';
  throw new MediaError('no-streams', `${path} has no ${kind} stream that this graph uses`);
}
