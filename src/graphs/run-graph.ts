import type { Writable } from 'node:stream';
import { FlowError } from '../core/errors.ts';
import type { CachedUnits } from '../io/cache/cached-units.ts';
import type { Items } from '../io/dataset/items.ts';
import type { MemorySampler } from '../io/media/process-memory.ts';
import type { Video } from '../io/media/video.ts';
import type { ChosenDevice } from '../models/onnx/device.ts';
import { formatBytes } from '../operators/budget.ts';
import { Flow } from '../operators/flow.ts';
import type { RanBatch } from '../operators/micro-batch-options.ts';
import type { OperatorMetrics } from '../operators/operator-meter.ts';
import type { Bytes } from '../operators/payload.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';
import { CACHE, COMMIT } from './dataflow/nodes.ts';
import type { NetworkServices } from './dataflow/running-scope.ts';
import type { Source } from './dataflow/sources.ts';
import { describeDataset, withoutCards } from './dataset-description.ts';
import { checkNoneHidden, holding } from './far-items.ts';
import { formerUnits } from './former-units.ts';
import { graphId } from './graph.ts';
import type { Coverage } from './inputs.ts';
import { interruptedSummary } from './interrupted-summary.ts';
import { itemsLeft } from './items-left.ts';
import { listener } from './listener.ts';
import { RunOperations } from './operations/run-operations.ts';
import { datasetOutput, type RunOutput, streamOutput } from './output.ts';
import { placeNetworks, rehearsedPlacement } from './placement.ts';
import { networksOf, type Plan, planRun } from './plan.ts';
import type { Calibration } from './precision/calibration-file.ts';
import { openCache, withinPolicy } from './run-cache.ts';
import { RunItems } from './run-items.ts';
import { inOrder, metricsOfAll } from './run-metrics.ts';
import type { RunOptions } from './run-options.ts';
import { fleetProgress, progressOf } from './run-progress.ts';
import { aboutItem, type ItemReport, itemReportOf, type MessageAbout, sentencesOf } from './run-reports.ts';
import type { RunSummary } from './run-summary.ts';
import { RunTally } from './run-tally.ts';
import { Claims } from './runners/claims.ts';
import { type RunEvent, runLocally } from './runners/local.ts';
import { driveQueue } from './runners/queue/drive.ts';
import { Fleet } from './runners/queue/fleet.ts';
import type { JobFeed } from './runners/queue/job-feed.ts';
import { checkQueue } from './runners/queue/queue-options.ts';
import { checkShard, itemsOfShard } from './runners/shard.ts';
import { ShardRun } from './runners/shard-run.ts';
import { startingElsewhere } from './runners/starting-elsewhere.ts';
import { type MeasuredDeviceUse, Sessions } from './sessions.ts';
import { isWorthAnother } from './worth-another.ts';

/** What a run takes in addition to its options. */
export interface RunSetting {
  /** A dataset's directory, or a stream. */
  readonly out: string | Writable;
  readonly device: ChosenDevice;
  readonly sampler: MemorySampler;
  /** Of a network in int8. */
  readonly calibration?: Calibration | undefined;
  /** The places that the corpus covers completely: see `coverageOf`. */
  readonly covers?: Coverage | undefined;
  /** Bytes that a calibration before the run leaves behind. */
  readonly remains?: Bytes | undefined;
  /** For a worker: makes the source of its items; the corpus is only a sample of them. */
  readonly feed?: ((making: FeedMaking) => Promise<JobFeed>) | undefined;
}

/** What a worker's feed is made from. */
export interface FeedMaking {
  readonly directory: string;
  readonly items: Items;
  /** Videos at a time, with those that are fetched ahead. */
  readonly concurrency: number;
  /** Seconds that each operator has been busy. */
  readonly busy: () => Readonly<Record<string, number>>;
  readonly say: (sentence: string, item: string) => void;
}

/**
 * Runs a graph over a corpus into a dataset or a stream: plans, opens the output, runs every item,
 * and writes the tables. The one runner for `extract` and for user-defined dataflows.
 *
 * @throws UsageError for another graph's dataset, or a memory limit that is too small; ModelError
 * when a network cannot be run.
 */
export async function runGraph(
  graph: VideoGraph,
  corpus: readonly Video[],
  options: RunOptions,
  setting: RunSetting,
): Promise<RunSummary> {
  checkShard(options, typeof setting.out === 'string');
  const queue = checkQueue(options, typeof setting.out === 'string', graph.spec.kind);
  const operations = await RunOperations.open(options, listener('onMessage', options.onMessage));
  try {
    return await runWatched(graph, corpus, options, { ...setting, queue, operations });
  } finally {
    await operations.close();
  }
}

/** How a run is observed, and the queue whose workers do it, if any. */
interface WatchedSetting extends RunSetting {
  readonly queue: string | undefined;
  readonly operations: RunOperations;
}

async function runWatched(
  graph: VideoGraph,
  corpus: readonly Video[],
  options: RunOptions,
  setting: WatchedSetting,
): Promise<RunSummary> {
  const { out, device, sampler, calibration, queue, operations } = setting;
  if (queue !== undefined) checkNoneHidden(corpus);
  const part = options.shard === undefined ? corpus : itemsOfShard(corpus, options.shard);
  const say = listener('onMessage', options.onMessage);
  const plan = await planUnlessStopped(graph, corpus, options, setting);
  if (plan === undefined) {
    say('stopped while planning: nothing was started');
    const [first] = networksOf(graph);
    return interruptedSummary(networksOf(graph), {
      memory: options.memory,
      peak: sampler.peak,
      device: device.device,
      graphId: graphId(graph),
      items: part.length,
      precision: first?.precision ?? 'float32',
    });
  }
  const onBatch = (batch: RanBatch) => operations.batch(batch);
  const { budget, overcommit, limit } = plan.memory;
  sampler.hold(limit);
  const flow = new Flow(budget, { maxOvercommit: overcommit, poison: options.poison, onBatch });
  const cache = await openCache(options, plan.graph.id, say);
  let output: RunOutput | undefined;
  try {
    const description = describeDataset(plan, graph, calibration);
    output =
      typeof out === 'string'
        ? await datasetOutput(out, description, {
            tables: options.compact !== false,
            encoding: options.encoding,
            compression: options.compression,
            isDriver: queue !== undefined,
            say,
          })
        : await streamOutput(
            out,
            withoutCards(description),
            {
              columns: graph.columns,
              hasSeconds: graph.trace.columns.some(({ cuts }) => cuts.seconds.length > 0),
            },
            { flow, signal: options.signal },
          );
    // A worker lists no inputs: its corpus is a sample of the dataset's items.
    const listed = setting.feed === undefined ? part : [];
    const noted = output.items && new RunItems(output.items, corpus, setting.covers, listed);
    return await runInto(output, {
      ...{ options, corpus, part: listed, graph, plan, flow, cache, say, sampler, noted, queue, operations },
      feed: setting.feed,
      directory: typeof out === 'string' ? out : undefined,
    });
  } finally {
    await output?.release();
    // A cache that was passed in is closed by its owner.
    if (typeof options.cache === 'string') await cache?.close();
  }
}

/** The plan; undefined if `drain` or `signal` stopped the probing of the corpus. */
async function planUnlessStopped(
  graph: VideoGraph,
  corpus: readonly Video[],
  options: RunOptions,
  { device, remains }: RunSetting,
): Promise<Plan | undefined> {
  const signal = AbortSignal.any([options.drain, options.signal].filter((stop) => stop !== undefined));
  listener('onStage', options.onStage)('planning');
  const execution = { ...options, signal, remains };
  const networks = networksOf(graph);
  try {
    const wanted = await placeNetworks(networks, device, options);
    // A limit that is too small is refused before anything runs on the device.
    if (wanted.devices.length > 0) await planRun(graph, corpus, execution, wanted);
    const placement = await rehearsedPlacement(networks, wanted, options);
    const say = listener('onMessage', options.onMessage);
    for (const sentence of placement.says) say(sentence);
    return await planRun(graph, corpus, execution, placement);
  } catch (error) {
    if (signal.aborted && error instanceof FlowError && error.code === 'aborted') return undefined;
    throw error;
  }
}

/** The state of a run whose output is open. */
interface Run {
  readonly options: RunOptions;
  readonly corpus: readonly Video[];
  /** The part of the corpus that this run processes. */
  readonly part: readonly Video[];
  readonly graph: VideoGraph;
  readonly plan: Plan;
  readonly flow: Flow;
  readonly cache: CachedUnits | undefined;
  readonly say: (message: string, about?: MessageAbout) => void;
  readonly sampler: MemorySampler;
  /** Undefined for a stream, which keeps nothing. */
  readonly noted: RunItems | undefined;
  readonly operations: RunOperations;
  /** For a dataset only. */
  readonly directory: string | undefined;
  /** Address of the queue whose workers do it. */
  readonly queue: string | undefined;
  readonly feed: RunSetting['feed'];
}

async function runInto(output: RunOutput, run: Run): Promise<RunSummary> {
  const { options, corpus, part, graph, plan, flow, cache, say, sampler, noted, queue, operations } = run;
  const networks = networksOf(graph);
  const randomWeights = networks.flatMap(({ random, name }) => (random ? [name] : []));
  if (randomWeights.length > 0) {
    say(
      `${randomWeights.join(' and ')}: RANDOM WEIGHTS. The features are reproducible, but meaningless: for trials and measurements only.`,
      { code: 'random-weights', isWarning: true },
    );
  }

  const sessions = new Sessions(networks, plan, say);
  const tally = new RunTally(part.length);
  const shardRun = shardRunOf(output, run, () => {
    tally.total += 1;
  });
  const { commits, items } = output;
  const finished = new Set<string>();
  const flowsAlone: Flow[] = [];
  const clock = stopwatch();
  const showProgress = listener('onProgress', options.onProgress);
  const tellItem = listener('onItem', options.onItem);
  const tellStarted = listener('onItemStarted', options.onItemStarted);
  const tellStage = listener('onStage', options.onStage);
  tellStage('running');
  const tell = (report: ItemReport): void => {
    tellItem(report);
    for (const sentence of sentencesOf(report)) say(sentence, aboutItem(report));
  };
  const told = new Set<string>();
  const fleet = new Fleet((report) => {
    if (told.size < part.length) told.add(report.item);
    tell(report);
  });
  const progress = () =>
    showProgress(
      queue === undefined
        ? progressOf(tally, flow, plan, clock())
        : fleetProgress(fleet, { total: part.length, plan, wallSeconds: clock() }),
    );
  const timer = options.onProgress === undefined ? undefined : setInterval(progress, 1000);
  operations.watch({ tally, plan, flow, flowsAlone, seconds: clock });
  let wallSeconds = 0;
  let metrics = flow.metrics();
  let devices: readonly MeasuredDeviceUse[] = [];
  // The clocks start with the run, so that the times of every operator add up to its wall time.
  flow.meter(COMMIT);
  const used = graph.nodes.map(({ id }) => id).filter((id) => id !== COMMIT);
  const stops = [options.signal, output.readerGone].filter((signal) => signal !== undefined);
  const held = holding(corpus, plan);
  let jobs: JobFeed | undefined;
  const onEvent = (event: RunEvent<Video>): void => {
    tally.add(event);
    operations.take(event);
    if (event.type === 'started') {
      const { item, seconds } = event;
      tellStarted({ item: item.id, path: item.path, seconds });
    }
    const report = itemReportOf(event);
    // A driver notes no items: its workers do.
    if (queue === undefined) noted?.take(event);
    if (report !== undefined || event.type === 'abandoned') jobs?.finished(event.item, report);
    if (report === undefined) return;
    // A worker does not know how many items will come.
    if (jobs !== undefined) tally.total = tally.done;
    finished.add(report.item);
    shardRun?.finished(report.item);
    if (!told.has(report.item)) tell(report);
  };
  try {
    await noted?.begin();
    if (queue !== undefined && commits !== undefined) {
      await driveQueue({
        ...output,
        uri: queue,
        graphId: plan.graph.id,
        corpus: part,
        store: commits,
        retry: (letter) => isWorthAnother(letter, graph),
        fleet,
        stop: AbortSignal.any([options.drain, ...stops].filter((signal) => signal !== undefined)),
        say,
        onEvent,
      });
    }
    if (run.feed !== undefined && items !== undefined && run.directory !== undefined) {
      jobs = await run.feed({
        ...{ directory: run.directory, items, concurrency: held.concurrency + held.ahead },
        busy: () => Object.fromEntries(flow.metrics().operators.map(({ name, busySeconds }) => [name, busySeconds])),
        say: (sentence, item) => say(sentence, { item }),
      });
    }
    const given = jobs;
    await runLocally<Video, NetworkServices>({
      graph,
      items: given?.items() ?? shardRun?.items() ?? startingElsewhere(queue === undefined ? part : [], output.others),
      itemSignal: given && ((video: Video) => given.signalOf(video)),
      verdict: (video: Video) => given?.verdictOf(video) ?? shardRun?.verdictOf(video),
      store: output.store,
      formerUnit: noted && commits && formerUnits(graph, plan.graph.id, { store: commits, items: noted }),
      cache: cache && withinPolicy(cache, graph.policy),
      fingerprint: (video, signal) => output.fingerprint(video.content, signal),
      knownFingerprint: (video) => output.knownFingerprint?.(video.content),
      ...held,
      flow,
      services: () => sessions.open(),
      memory: {
        ...plan.memory,
        flow: (budget) => {
          // This item gets everything that the limit leaves.
          const alone = new Flow(budget, { maxOvercommit: 0, onBatch: (batch) => operations.batch(batch) });
          flowsAlone.push(alone);
          return alone;
        },
      },
      drain: options.drain,
      signal: stops.length === 0 ? undefined : AbortSignal.any(stops),
      operators: { before: used, commit: COMMIT, cache: CACHE },
      retry: (letter) => isWorthAnother(letter, graph),
      onEvent,
    });
  } finally {
    clearInterval(timer);
    wallSeconds = clock();
    metrics = metricsOfAll(flow, flowsAlone);
    devices = await sessions.deviceUse();
    await sessions.close();
    await shardRun?.close();
    await jobs?.close();
  }
  progress();
  const interrupted = options.drain?.aborted === true || options.signal?.aborted === true;
  const undone = part.length - finished.size;
  const left = !interrupted ? 0 : queue !== undefined ? undone : await itemsLeft(part, finished, output, plan.graph.id);
  const finishing = stopwatch();
  const inputs = await noted?.end();
  const shard = await shardRun?.summary();
  const isUnfinished = shard !== undefined && shard.whole.left > 0;
  if (!interrupted && !isUnfinished && jobs === undefined && options.compact !== false) tellStage('writing tables');
  const end = jobs !== undefined ? 'driven' : isUnfinished ? 'unfinished' : interrupted ? 'interrupted' : 'whole';
  const failure = await output.finish(end);
  if (failure !== undefined) {
    // The message keeps its closing punctuation, and the remedy follows as a separate sentence.
    const remedy = failure.remedy === undefined ? '' : ` ${failure.remedy}`;
    say(`the tables were not written: ${failure.message.replace(/[^.!?]$/, '$&.')}${remedy}`, {
      code: failure.code,
      isWarning: true,
    });
  }
  const readerGone = output.readerGone?.aborted === true;
  if (readerGone) say('the reader closed the stream, so the run stopped', { code: 'reader-gone' });
  if (tally.alreadyPartial > 0 && !graph.policy.allowPartial) {
    say(
      `${tally.alreadyPartial} of the videos already done are partial: an earlier run with \`allowPartial: true\` kept them`,
    );
  }
  sampler.stop();
  if (sampler.peak > plan.memory.limit) {
    say(`process and decoders used ${formatBytes(sampler.peak)}; the limit is ${formatBytes(plan.memory.limit)}`, {
      code: 'memory-exceeded',
      isWarning: true,
    });
  }
  return {
    graphId: plan.graph.id,
    videos: {
      committed: tally.committed,
      partial: tally.partial,
      cached: tally.cached,
      renamed: tally.renamed,
      alreadyDone: tally.alreadyDone,
      skipped: tally.skipped.length,
      dead: tally.dead.length,
    },
    frames: tally.frames,
    patches: tally.patches,
    duplicates: {
      frames: duplicatesOf(graph, metrics.operators, 'pictures'),
      patches: duplicatesOf(graph, metrics.operators, 'sound'),
    },
    videoSeconds: tally.seconds,
    wallSeconds,
    memory: {
      limitBytes: plan.memory.limit,
      budgetBytes: plan.memory.budget,
      peakHeldBytes: metrics.peakHeld,
      peakRssBytes: sampler.peak,
    },
    operators: queue === undefined ? inOrder(metrics.operators, graph.nodes) : [],
    dead: tally.dead,
    skipped: tally.skipped,
    notes: tally.notes,
    randomWeights,
    execution: {
      ...(plan.networks[0]?.workers ?? { workers: 0, threads: 0, batch: 0 }),
      concurrency: plan.memory.concurrency,
      device: sessions.device,
      devices: devices.length === 0 ? undefined : devices,
      precision: networks[0]?.precision ?? 'float32',
    },
    phases: {
      sessions: sessions.creationSeconds,
      run: wallSeconds - (plan.memory.opensWhileDecoding ? 0 : sessions.creationSeconds),
      compaction: finishing(),
    },
    ...output.tables(),
    interrupted,
    left,
    // Others may have processed some of a shard's items.
    inputs: inputs && { ...inputs, left: queue !== undefined ? undone : (shard?.left ?? inputs.left) },
    shard,
    fleet: queue === undefined ? undefined : fleet.state,
    failure: failure === undefined ? undefined : { code: failure.code, message: failure.message },
    readerGone,
  };
}

/** The shard of a run, if it is one and the other shards see its dataset. */
function shardRunOf(
  { outcomes, knownFingerprint }: RunOutput,
  { options: { shard, steal }, corpus, part, directory, say }: Run,
  onStolen: () => void,
): ShardRun<Video> | undefined {
  if (shard === undefined || outcomes === undefined || directory === undefined) return undefined;
  const claims = steal === true ? new Claims(directory) : undefined;
  return new ShardRun({
    ...{ shard, corpus, part, outcomes, claims, onStolen },
    isUnchanged: ({ content }) => knownFingerprint?.(content) !== undefined,
    say: (sentence, item) => say(sentence, { item }),
  });
}

/** How many elements of one kind took the result of an equal one. */
function duplicatesOf({ trace }: VideoGraph, operators: readonly OperatorMetrics[], kind: Source['kind']): number {
  const embedding = trace.networks.filter(({ source }) => source?.kind === kind).map(({ name }) => name);
  return operators.reduce((sum, { name, duplicates = 0 }) => (embedding.includes(name) ? sum + duplicates : sum), 0);
}

/** Starts a stopwatch, which returns the seconds since. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}
