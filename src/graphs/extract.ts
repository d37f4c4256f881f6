import type { Writable } from 'node:stream';
import { FlowError } from '../core/errors.ts';
import { CachedUnits } from '../io/cache/cached-units.ts';
import { openUnitCache } from '../io/cache/open-cache.ts';
import type { UnitCache } from '../io/cache/unit-cache.ts';
import { type DeadLetter, mayBeAnswered } from '../io/dataset/dead-letter.ts';
import type { ParquetCompression, ParquetEncoding } from '../io/dataset/parquet.ts';
import type { FrameSampling } from '../io/media/frames.ts';
import { MemorySampler } from '../io/media/memory.ts';
import type { Video } from '../io/media/video.ts';
import { type ChosenDevice, chooseDevice } from '../models/onnx/device.ts';
import type { Duplicates } from '../operators/embed.ts';
import { Flow } from '../operators/flow.ts';
import type { OperatorMetrics } from '../operators/observe.ts';
import type { Statistic } from '../operators/statistics.ts';
import { describeDataset, measuredOf, withoutCards } from './dataset-description.ts';
import { tooLong } from './duration-limit.ts';
import { type ExtractProgress, progressOf } from './extract-progress.ts';
import type { ExtractSummary } from './extract-summary.ts';
import { type ExtractionGraph, type ExtractionServices, extractionGraph } from './extraction.ts';
import { OPERATORS } from './extraction-nodes.ts';
import { notesOf } from './extraction-notes.ts';
import { type GraphNode, graphId } from './graph.ts';
import { type CorpusOptions, listCorpus } from './inputs.ts';
import { listener } from './listener.ts';
import { chooseNetworks, type NetworkChoice } from './networks.ts';
import { datasetOutput, type ExtractionOutput, streamOutput } from './output.ts';
import { placeNetworks, rehearsedPlacement } from './placement.ts';
import { type ExecutionOptions, type Plan, planExtraction } from './plan.ts';
import type { PreciseNetworks, PrecisionOptions } from './precision/choose-precision.ts';
import { interruptedSummary } from './precision/interrupted-summary.ts';
import { preparePrecision } from './precision/prepare-precision.ts';
import { metricsOfAll } from './run-metrics.ts';
import { RunTally } from './run-tally.ts';
import { runLocally, type UnitSource } from './runners/local.ts';
import { startingElsewhere } from './runners/starting-elsewhere.ts';
import { type MeasuredDeviceUse, Sessions } from './sessions.ts';

/** What is extracted, from what, to where, and how. */
export interface ExtractOptions extends NetworkChoice, CorpusOptions, ExecutionOptions, PrecisionOptions {
  /**
   * The dataset's directory; created, or resumed when it holds this graph's dataset. Or a stream: it is given an Arrow IPC
   * stream with a record batch for each unit as it commits, waits for its reader, and is not ended; nothing is kept to
   * resume, and a reader that goes away ends the run without an error.
   */
  readonly out: string | Writable;
  /** Units already made by an extraction into another dataset: an address as `openUnitCache` takes it, or a cache of your own. Default none. */
  readonly cache?: string | UnitCache | undefined;
  readonly subclips?: readonly number[];
  readonly statistics?: readonly Statistic[];
  readonly sampling?: FrameSampling;
  /** Longer items are skipped, in seconds. */
  readonly maxDuration?: number | undefined;
  readonly allowPartial?: boolean;
  /** What becomes of frames and patches equal to a recent one of their video: `once` (default) takes its vector, `compute` computes it again, to measure the gain. */
  readonly duplicates?: Duplicates;
  /** Writes the Parquet tables of a dataset at the end. Default true. */
  readonly compact?: boolean;
  /** How the tables' vectors are encoded; not part of the graph. Default: as they are, `plain` at first. */
  readonly encoding?: ParquetEncoding;
  /** How the tables are compressed; not part of the graph. Default: as they are, `zstd` at first. */
  readonly compression?: ParquetCompression;
  /** Aborted: finishes what runs, starts nothing new. */
  readonly drain?: AbortSignal;
  /** Aborted: stops at once; what is committed stays. */
  readonly signal?: AbortSignal;
  /** Called about once a second. */
  readonly onProgress?: (progress: ExtractProgress) => void;
  /** Sentences a person should read: random weights, items left out, dead letters. */
  readonly onMessage?: (message: string) => void;
}

/**
 * Extracts a corpus into a feature dataset. A second call with the same options resumes exactly: committed videos are not
 * opened again. One damaged file costs its own unit and nothing else.
 *
 * Buffering: at most the memory limit for the process and its children. Cancellation: `drain` and `signal`; either stops a calibration for int8.
 *
 * @throws UsageError for options, an empty corpus, another graph's dataset, or a memory limit that cannot hold.
 * @throws ModelError when a network cannot be loaded or run.
 *
 * @example
 * const summary = await extract({ inputs: ['trailers/'], out: 'features/', memory: '1GiB' });
 */
export async function extract(options: ExtractOptions): Promise<ExtractSummary> {
  const sampler = new MemorySampler();
  sampler.start();
  try {
    return await extractSampled(options, sampler);
  } finally {
    sampler.stop();
  }
}

async function extractSampled(options: ExtractOptions, sampler: MemorySampler): Promise<ExtractSummary> {
  const say = listener('onMessage', options.onMessage);
  const chosen = chooseNetworks(options);
  const corpus = await listCorpus({ ...options, onPassedOver: say });
  const chosenDevice = await chooseDevice(options.device ?? 'auto');
  if (chosenDevice.says !== undefined) say(chosenDevice.says);
  for (const plan of [chosen.visual, chosen.audio]) await plan?.measure();
  const directory = typeof options.out === 'string' ? options.out : undefined;
  const networks = await preparePrecision(chosen, corpus, { ...options, directory, say });
  if (networks === undefined) {
    say('stopped while calibrating int8: no dataset was begun');
    return interruptedSummary(chosen, { memory: options.memory, peak: sampler.peak, device: chosenDevice.device });
  }
  const graph = extractionGraph({ ...options, ...networks });
  const plan = await planUnlessStopped(graph, networks, corpus, chosenDevice, { ...options, say });
  if (plan === undefined) {
    say('stopped while planning: nothing was begun');
    const precision = networks.visual?.precision ?? 'float32';
    const { memory } = options;
    const { device } = chosenDevice;
    return interruptedSummary(chosen, { memory, peak: sampler.peak, device, graphId: graphId(graph), precision });
  }
  const flow = new Flow(plan.memory.budget);
  const cache = await openCache(options, plan.graph.id, say);
  let output: ExtractionOutput | undefined;
  try {
    const description = describeDataset(plan, networks);
    output =
      typeof options.out === 'string'
        ? await datasetOutput(options.out, description, {
            tables: options.compact !== false,
            encoding: options.encoding,
            compression: options.compression,
            say,
          })
        : await streamOutput(options.out, withoutCards(description), graph.columns, { flow, signal: options.signal });
    return await extractInto(output, { options, networks, corpus, graph, plan, flow, cache, say, sampler });
  } finally {
    await output?.release();
    // A cache that was handed in is its owner's to close.
    if (typeof options.cache === 'string') await cache?.close();
  }
}

/** The plan; undefined when `drain` or `signal` stopped the look at the corpus. */
async function planUnlessStopped(
  graph: ExtractionGraph,
  networks: PreciseNetworks,
  corpus: readonly Video[],
  device: ChosenDevice,
  options: ExtractOptions & { readonly say: (sentence: string) => void },
): Promise<Plan | undefined> {
  const signal = AbortSignal.any([options.drain, options.signal].filter((stop) => stop !== undefined));
  const execution = { ...options, signal };
  try {
    const wanted = await placeNetworks(networks, device, options);
    // What cannot hold is refused before anything runs on the device.
    if (wanted.devices.length > 0) await planExtraction(graph, networks, corpus, execution, wanted);
    const placement = await rehearsedPlacement(networks, wanted, options);
    for (const sentence of placement.says) options.say(sentence);
    return await planExtraction(graph, networks, corpus, execution, placement);
  } catch (error) {
    if (signal.aborted && error instanceof FlowError && error.code === 'aborted') return undefined;
    throw error;
  }
}

/** What an extraction has when its output is open. */
interface Extraction {
  readonly options: ExtractOptions;
  readonly networks: PreciseNetworks;
  readonly corpus: readonly Video[];
  readonly graph: ExtractionGraph;
  readonly plan: Plan;
  readonly flow: Flow;
  readonly cache: CachedUnits | undefined;
  readonly say: (message: string) => void;
  readonly sampler: MemorySampler;
}

async function extractInto(output: ExtractionOutput, extraction: Extraction): Promise<ExtractSummary> {
  const { options, networks, corpus, graph, plan, flow, cache, say, sampler } = extraction;
  const randomWeights = [networks.visual, networks.audio].flatMap((entry) => (entry?.random ? [entry.name] : []));
  if (randomWeights.length > 0) {
    say(
      `${randomWeights.join(' and ')}: RANDOM WEIGHTS. The features are repeatable, but they mean nothing: for trying out and for measuring only.`,
    );
  }

  for (const sentence of networks.says) say(sentence);

  const sessions = new Sessions(networks, plan, say);
  const tally = new RunTally(corpus.length);
  const flowsAlone: Flow[] = [];
  const clock = stopwatch();
  const showProgress = listener('onProgress', options.onProgress);
  const progress = () => showProgress(progressOf(tally, flow, plan, clock()));
  const timer = options.onProgress === undefined ? undefined : setInterval(progress, 1000);
  let wallSeconds = 0;
  let metrics = flow.metrics();
  let devices: readonly MeasuredDeviceUse[] = [];
  // The clocks begin with the run, so that the times of every operator sum to its wall time.
  flow.operator(OPERATORS.commit);
  const used = graph.nodes.map(({ id }) => id).filter((id) => id !== OPERATORS.commit);
  const stops = [options.signal, output.readerGone].filter((signal) => signal !== undefined);
  try {
    await runLocally<Video, ExtractionServices>({
      graph,
      items: startingElsewhere(corpus, output.others),
      store: output.store,
      cache: cache && withinDuration(cache, options.maxDuration),
      fingerprint: (video, signal) => output.fingerprint(video.path, signal),
      flow,
      services: () => sessions.open(),
      concurrency: plan.memory.concurrency,
      memory: {
        ...plan.memory,
        flow: (budget) => {
          const alone = new Flow(budget);
          flowsAlone.push(alone);
          return alone;
        },
      },
      ...(options.drain === undefined ? {} : { drain: options.drain }),
      ...(stops.length === 0 ? {} : { signal: AbortSignal.any(stops) }),
      operators: { before: used, commit: OPERATORS.commit, cache: OPERATORS.cache },
      retry: (letter) => isWorthAnother(letter, options.allowPartial === true),
      onEvent: (event) => {
        tally.add(event);
        if (event.type === 'dead' && !event.earlier) {
          say(`${event.item.path}: ${event.letter.message} [${event.letter.code}]`);
        }
        if (event.type === 'committed') for (const note of notesOf(event.table)) say(`${event.item.path}: ${note}`);
        if (event.type === 'skipped') say(`${event.item.path}: skipped, ${event.reason}`);
      },
    });
  } finally {
    clearInterval(timer);
    wallSeconds = clock();
    metrics = metricsOfAll(flow, flowsAlone);
    devices = await sessions.deviceUse();
    await sessions.close();
  }
  progress();
  const interrupted = options.drain?.aborted === true || options.signal?.aborted === true;
  const finishing = stopwatch();
  const failure = await output.finish(!interrupted);
  if (failure !== undefined) {
    say(`the tables were not written: ${failure.message}${failure.remedy === undefined ? '' : ` ${failure.remedy}`}`);
  }
  const readerGone = output.readerGone?.aborted === true;
  if (readerGone) say('the reader closed the stream: the run ended there');
  if (tally.alreadyPartial > 0 && options.allowPartial !== true) {
    say(
      `${tally.alreadyPartial} of the videos already done are partial: an earlier run with --allow-partial kept them`,
    );
  }
  sampler.stop();
  return {
    graphId: plan.graph.id,
    videos: {
      committed: tally.committed,
      partial: tally.partial,
      cached: tally.cached,
      alreadyDone: tally.alreadyDone,
      skipped: tally.skipped.length,
      dead: tally.dead.length,
    },
    frames: tally.frames,
    patches: tally.patches,
    duplicates: {
      frames: duplicatesOf(metrics.operators, OPERATORS.embedVisual),
      patches: duplicatesOf(metrics.operators, OPERATORS.embedAudio),
    },
    videoSeconds: tally.seconds,
    wallSeconds,
    memory: {
      limitBytes: plan.memory.limit,
      budgetBytes: plan.memory.budget,
      peakHeldBytes: metrics.peakHeld,
      peakRssBytes: sampler.peak,
    },
    operators: inOrder(metrics.operators, graph.nodes),
    dead: tally.dead,
    skipped: tally.skipped,
    notes: tally.notes,
    randomWeights,
    execution: {
      ...(plan.visual ?? plan.audio ?? { workers: 0, threads: 0, batch: 0 }),
      concurrency: plan.memory.concurrency,
      device: sessions.device,
      ...(devices.length === 0 ? {} : { devices }),
      precision: networks.visual?.precision ?? 'float32',
    },
    ...(networks.calibration === undefined ? {} : { calibration: measuredOf(networks.calibration) }),
    phases: {
      sessions: sessions.creationSeconds,
      run: wallSeconds - (plan.memory.opensWhileDecoding ? 0 : sessions.creationSeconds),
      compaction: finishing(),
    },
    interrupted,
    ...(failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }),
    readerGone,
  };
}

async function openCache(
  options: ExtractOptions,
  graphId: string,
  warn: (sentence: string) => void,
): Promise<CachedUnits | undefined> {
  const cache = typeof options.cache === 'string' ? await openUnitCache(options.cache) : options.cache;
  return cache && new CachedUnits(cache, { graphId, warn });
}

/** A cache that has no items longer than an option allows: those are opened, and then skipped with their reason. */
function withinDuration(cache: CachedUnits, maxDuration: number | undefined): UnitSource {
  return {
    get: async (fingerprint, itemId) => {
      const unit = await cache.get(fingerprint, itemId);
      return tooLong(Number(unit?.metadata.seconds), maxDuration) === undefined ? unit : undefined;
    },
    set: (fingerprint, unit) => cache.set(fingerprint, unit),
  };
}

/** Letters that this run may answer: see `mayBeAnswered`; and damage that is allowed now. */
function isWorthAnother(letter: DeadLetter, allowPartial: boolean): boolean {
  if (mayBeAnswered(letter)) return true;
  return allowPartial && letter.stage === 'decode' && (letter.code === 'truncated' || letter.code === 'corrupt');
}

/** Operators in the order of the graph's nodes. */
function inOrder(operators: readonly OperatorMetrics[], nodes: readonly GraphNode[]): OperatorMetrics[] {
  const place = (name: string) => nodes.findIndex(({ id }) => id === name);
  return [...operators].sort((left, right) => place(left.name) - place(right.name));
}

/** Elements of an operator that took the result of an equal one. */
function duplicatesOf(operators: readonly OperatorMetrics[], name: string): number {
  return operators.find((operator) => operator.name === name)?.duplicates ?? 0;
}

/** Seconds since it was made. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}
