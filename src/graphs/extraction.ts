import { catchError, concat, defer, ignoreElements, merge, type Observable, of, tap, throwError } from 'rxjs';
import { checkInteger, checkOneOf, checkPositive } from '../core/check.ts';
import { MediaError, UsageError } from '../core/errors.ts';
import { joinRows } from '../io/dataset/join.ts';
import type { ColumnShape, UnitTable } from '../io/dataset/schema.ts';
import { audio } from '../io/media/audio.ts';
import { DoubtfulLength } from '../io/media/decoding-options.ts';
import { combineVerdicts, type Verdict } from '../io/media/faults.ts';
import { type FrameSampling, frames } from '../io/media/frames.ts';
import type { MediaInfo } from '../io/media/media-info.ts';
import { decoderMemory } from '../io/media/memory.ts';
import type { Video } from '../io/media/video.ts';
import { fastForm } from '../models/networks/fast-convolutions/rule.ts';
import type { NetworkPlan } from '../models/networks/network.ts';
import { type Duplicates, type Embedder, embed, embedKeeps } from '../operators/embed.ts';
import type { Bytes } from '../operators/payload.ts';
import { dimensionOf, STATISTICS, type Statistic } from '../operators/statistics.ts';
import { type SubclipRow, subclips, subclipsClaim } from '../operators/subclips.ts';
import { tooLong } from './duration-limit.ts';
import { extractionNodes, framesOf, OPERATORS, patchesOf } from './extraction-nodes.ts';
import { notesMetadata } from './extraction-notes.ts';
import { type Graph, type Json, PlanOutdated, type UnitContext, type UnitPlan } from './graph.ts';

/** What an extraction computes. Everything but `maxDuration`, `allowPartial` and `duplicates` is part of its id. */
export interface ExtractionOptions {
  /** Network over frames; left out, there is no visual column. */
  readonly visual?: NetworkPlan | undefined;
  /** Network over audio patches; left out, there is no audio column. */
  readonly audio?: NetworkPlan | undefined;
  /** Numbers of subclips. Default `[10]`. */
  readonly subclips?: readonly number[];
  /** Statistics over the rows of a subclip. Default `['mean']`. */
  readonly statistics?: readonly Statistic[];
  /** Which frames are taken: all (`native`, the default), N per second, or key frames only. */
  readonly sampling?: FrameSampling;
  /** Items longer than this many seconds are skipped. Default: none. */
  readonly maxDuration?: number | undefined;
  /** Commits what could be decoded of a damaged file, marked as partial. Default false: it becomes a dead letter. */
  readonly allowPartial?: boolean;
  /** Whether frames and patches equal to a recent one of their video take its vector (`once`, the default) or are computed; the values are the same. */
  readonly duplicates?: Duplicates;
}

/** The sessions an extraction shares between its videos. */
export interface ExtractionServices {
  readonly visual?: Embedder<Uint8Array>;
  readonly audio?: Embedder<Float32Array>;
}

/** The extraction graph: one unit per video. */
export interface ExtractionGraph extends Graph<Video, UnitTable, ExtractionServices> {
  /** The vector columns that every unit has, in their order. */
  readonly columns: readonly ColumnShape[];
}

/** 2: the timeline and the frames that are held, by what is on show; lengths are measured where they are in doubt. */
const VERSION = 2;

/** Milliseconds an element may wait for its batch to fill. Full batches are what counts here; pressure and ends flush them anyway. */
const BATCH_DELAY = 5000;

/**
 * Builds the extraction graph: decode, embed, summarise per subclip, one table per video.
 *
 * @throws UsageError when an option does not fit, or neither network is given.
 *
 * @example
 * const graph = extractionGraph({ visual: alexnet({ weights: 'random:1' }) });
 */
export function extractionGraph(options: ExtractionOptions): ExtractionGraph {
  const {
    visual,
    audio: listening,
    sampling = 'native',
    allowPartial = false,
    maxDuration,
    duplicates = 'once',
  } = options;
  if (visual === undefined && listening === undefined) {
    throw new UsageError('an extraction needs a visual or an audio network, but has neither');
  }
  const counts = sortedUnique(options.subclips ?? [10]);
  for (const count of counts) checkInteger('subclips', count, 1, 100_000);
  const statistics = STATISTICS.filter((statistic) => (options.statistics ?? ['mean']).includes(statistic));
  for (const statistic of options.statistics ?? ['mean']) checkOneOf('aggregate', statistic, STATISTICS);
  if (counts.length === 0 || statistics.length === 0) {
    throw new UsageError('an extraction needs at least one number of subclips and one aggregate');
  }
  if (maxDuration !== undefined) checkPositive('maxDuration', maxDuration);

  const params: Json = {
    visual: visual === undefined ? null : networkParams(visual),
    audio: listening === undefined ? null : networkParams(listening),
    sampling: sampling as Json,
    subclips: counts,
    statistics,
  };

  /** Bytes of the finished rows of one video; they wait in memory until the unit commits. */
  const resultBytes = (info: MediaInfo): Bytes => {
    const perSubclip = [visual && info.video ? visual : undefined, listening && info.audio ? listening : undefined]
      .filter((plan) => plan !== undefined)
      .flatMap((plan) => statistics.map((statistic) => 4 * dimensionOf(statistic, plan.dimension)))
      .reduce((sum, bytes) => sum + bytes, 0);
    return perSubclip * counts.reduce((sum, count) => sum + count, 0);
  };

  /** The most that one video's operators keep until its unit commits, and the most it can hold with an element of each stream. */
  const boundsOf = (info: MediaInfo): { kept: Bytes; claim: Bytes } => {
    let kept = resultBytes(info);
    let elements = 0;
    const duration = info.duration;
    if (visual !== undefined && info.video !== undefined) {
      const rate = framesPerSecond(sampling, info.video);
      const peakRate = framesPerSecond(sampling, { ...info.video, averageRate: info.video.peakRate });
      kept += subclipsClaim({ duration, rate, peakRate, dimension: visual.dimension, counts, statistics });
      kept += embedKeeps(visual.dimension, duplicates);
      elements += visual.inputBytes;
    }
    if (listening !== undefined && info.audio !== undefined) {
      const { hopSeconds } = patchesOf(listening);
      const rows = { duration, rate: 1 / hopSeconds, lead: hopSeconds / 2 };
      kept += subclipsClaim({ ...rows, dimension: listening.dimension, counts, statistics });
      kept += embedKeeps(listening.dimension, duplicates);
      elements += listening.inputBytes;
    }
    return { kept: Math.ceil(kept), claim: Math.ceil(kept + elements) };
  };

  /** Every unit has all columns; those of a stream that a video lacks are null. */
  const columns: ColumnShape[] = [
    ...statistics.map((statistic) => ({ stream: 'visual', statistic, plan: visual })),
    ...statistics.map((statistic) => ({ stream: 'audio', statistic, plan: listening })),
  ].flatMap(({ stream, statistic, plan }) =>
    plan === undefined ? [] : [{ stream, statistic, dimension: dimensionOf(statistic, plan.dimension) }],
  );

  return {
    name: 'extraction',
    version: VERSION,
    params,
    columns,
    nodes: extractionNodes(visual, listening, counts, statistics, sampling),
    itemId: (video) => video.id,

    async prepare(video, signal): Promise<UnitPlan> {
      const info = await video.probe({ signal });
      const seen = visual !== undefined && info.video !== undefined;
      const heard = listening !== undefined && info.audio !== undefined;
      if (!seen && !heard) {
        throw new MediaError(
          'no-streams',
          `${video.path} has no ${visual ? 'video' : 'audio'} stream that this graph uses`,
        );
      }
      const rate = seen && info.video !== undefined ? framesPerSecond(sampling, info.video) : 0;
      const plan = {
        ...boundsOf(info),
        decoders: decoderMemory({ pixels: seen ? pixelsOf(info) : 0, audio: heard }),
        seconds: info.duration,
        frames: Math.round(rate * info.duration),
      };
      const skip = tooLong(info.duration, maxDuration);
      return skip === undefined ? plan : { ...plan, skip };
    },

    unit(video, context: UnitContext<ExtractionServices>): Observable<UnitTable> {
      return pass(video, context).pipe(
        catchError((error) => {
          if (!(error instanceof DoubtfulLength)) return throwError(() => error);
          return measured(video, context, error);
        }),
      );
    },
  };

  /** A file that turns out to be of another length than it states is measured; what it needs, and how it is cut, goes by what was measured. */
  function measured(
    video: Video,
    context: UnitContext<ExtractionServices>,
    { heard, message }: DoubtfulLength,
  ): Observable<never> {
    return defer(async () => {
      await video.measure({ signal: context.signal, heard });
      throw new PlanOutdated(message);
    });
  }

  /** Decodes, embeds and summarises a video once. */
  function pass(video: Video, context: UnitContext<ExtractionServices>): Observable<UnitTable> {
    const { scope, services, mayReplan: stopInDoubt } = context;
    const info = video.info;
    const rows: SubclipRow[] = [];
    const verdicts: Verdict[] = [];
    const decoded = { frames: 0, patches: 0 };
    const onVerdict = (verdict: Verdict) => void verdicts.push(verdict);
    const streams: Observable<SubclipRow>[] = [];
    const common = { scope, allowPartial, onVerdict, stopInDoubt };

    if (visual !== undefined && services.visual !== undefined && info.video !== undefined) {
      const { width, height, resize } = framesOf(visual);
      const decoder = { ...common, name: OPERATORS.decodeVideo, width, height, resize, fps: sampling };
      streams.push(
        frames(video, decoder).pipe(
          tap((frame) => {
            decoded.frames += 1;
            context.reached(frame.time);
          }),
          embed(services.visual, { scope, name: OPERATORS.embedVisual, maxDelay: BATCH_DELAY, duplicates }),
          subclips(video, {
            name: 'visual',
            operator: OPERATORS.subclipsVisual,
            count: counts,
            statistic: statistics,
            scope,
          }),
        ),
      );
    }
    if (listening !== undefined && services.audio !== undefined && info.audio !== undefined) {
      const { sampleRate, patchSamples, hopSamples } = patchesOf(listening);
      const decoder = { ...common, name: OPERATORS.decodeAudio, sampleRate, patchSamples, hopSamples };
      const onlyStream = streams.length === 0;
      streams.push(
        audio(video, decoder).pipe(
          tap((patch) => {
            decoded.patches += 1;
            if (onlyStream) context.reached(patch.time);
          }),
          embed(services.audio, { scope, name: OPERATORS.embedAudio, maxDelay: BATCH_DELAY, duplicates }),
          subclips(video, {
            name: 'audio',
            operator: OPERATORS.subclipsAudio,
            count: counts,
            statistic: statistics,
            scope,
          }),
        ),
      );
    }

    const finished = scope.holder(OPERATORS.commit);
    finished.add(resultBytes(info));
    const collect = merge(...streams).pipe(
      tap((row) => void rows.push(row)),
      ignoreElements(),
    );
    const table = defer(() => {
      const verdict = combineVerdicts(verdicts);
      if (verdict.verdict === 'rejected') {
        throw new MediaError(verdict.reason, verdict.message, { decoderLines: verdict.decoderLines });
      }
      // Nobody misses the cover's picture among the pictures.
      const notes = [...verdict.notes, ...info.leftOut.filter((what) => !what.endsWith('cover art'))];
      const metadata = notesMetadata(notes);
      return of(joinRows({ itemId: video.id, rows, columns, seconds: info.duration, ...decoded, verdict, metadata }));
    });
    return concat(collect, table).pipe(tap({ finalize: () => finished.close() }));
  }
}

function pixelsOf({ video }: MediaInfo): number {
  return (video?.width ?? 0) * (video?.height ?? 0);
}

function sortedUnique(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** What of a network changes values. */
function networkParams(plan: NetworkPlan): Json {
  return {
    name: plan.name,
    card: plan.cardHash,
    weights: plan.weightsHash,
    dimension: plan.dimension,
    ...(plan.convolutions === 'direct' ? {} : { convolutions: fastForm }),
    ...(plan.rangesHash === undefined ? {} : { precision: plan.precision, ranges: plan.rangesHash }),
  };
}

/** Codecs in which every frame is a key frame. */
const ALL_KEYS =
  /^(mjpe?gb?|prores|dnxhd|dvvideo|rawvideo|v210|ffv1|huffyuv|ffvhuff|utvideo|cfhd|jpeg2000|png|qtrle|gif|vc2|dirac|hap|magicyuv)$/;
/** Key frames per second that other codecs have at most, but for streams made of nothing else. */
const KEYS_PER_SECOND = 2;

/** Frames that a sampling takes per second of a stream, about; of key frames what they are at most in all but odd streams. */
export function framesPerSecond(
  sampling: FrameSampling,
  stream: { readonly averageRate: number; readonly codec: string },
): number {
  if (typeof sampling === 'number') return sampling;
  if (typeof sampling === 'object') return stream.averageRate / sampling.every;
  if (sampling === 'native' || ALL_KEYS.test(stream.codec)) return stream.averageRate;
  return Math.min(stream.averageRate, KEYS_PER_SECOND);
}
