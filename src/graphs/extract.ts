import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { compact } from '../io/dataset/compact.ts';
import { Dataset } from '../io/dataset/dataset.ts';
import type { FrameSampling } from '../io/media/frames.ts';
import { MemorySampler } from '../io/media/memory.ts';
import type { Video } from '../io/media/video.ts';
import type { Network } from '../models/networks/embedder.ts';
import { type NetworkPlan, network } from '../models/networks/network.ts';
import { Flow } from '../operators/flow.ts';
import type { OperatorMetrics } from '../operators/observe.ts';
import type { Bytes } from '../operators/payload.ts';
import type { Statistic } from '../operators/statistics.ts';
import { type ExtractionServices, extractionGraph, OPERATORS } from './extraction.ts';
import { type CorpusOptions, listCorpus } from './inputs.ts';
import { type ExecutionOptions, type Plan, planExtraction } from './plan.ts';
import { RunTally } from './run-tally.ts';
import { runLocally } from './runners/local.ts';

/** What is extracted, from what, to where, and how. */
export interface ExtractOptions extends CorpusOptions, ExecutionOptions {
  /** The dataset's directory; created, or resumed when it holds this graph's dataset. */
  readonly out: string;
  /** A network's name, a model card's path, or `none`. Default `alexnet`. */
  readonly visual?: string;
  /** A network's name, a model card's path, or `none`. Default `vggish`. */
  readonly audio?: string;
  /** Weights of named networks: `random:SEED`. Default `random:1`; the run says that they are random. */
  readonly weights?: string;
  readonly subclips?: readonly number[];
  readonly statistics?: readonly Statistic[];
  readonly sampling?: FrameSampling;
  /** Longer items are skipped, in seconds. */
  readonly maxDuration?: number | undefined;
  readonly allowPartial?: boolean;
  /** Writes the Parquet tables at the end. Default true. */
  readonly compact?: boolean;
  /** Aborted: finishes what runs, starts nothing new. */
  readonly drain?: AbortSignal;
  /** Aborted: stops at once; what is committed stays. */
  readonly signal?: AbortSignal;
  /** Called about once a second. */
  readonly onProgress?: (progress: ExtractProgress) => void;
  /** Sentences a person should read: random weights, items left out, dead letters. */
  readonly onMessage?: (message: string) => void;
}

/** How far an extraction is. */
export interface ExtractProgress {
  readonly done: number;
  readonly total: number;
  readonly dead: number;
  readonly frames: number;
  readonly mediaSeconds: number;
  readonly remainingMediaSeconds: number;
  readonly wallSeconds: number;
  readonly heldBytes: Bytes;
  readonly budgetBytes: Bytes;
}

/** What an extraction did. */
export interface ExtractSummary {
  readonly graphId: string;
  readonly videos: {
    readonly committed: number;
    readonly alreadyDone: number;
    readonly skipped: number;
    /** Dead letters among the inputs, earlier ones included. */
    readonly dead: number;
  };
  /** Frames, patches and media seconds of the units committed in this run. */
  readonly frames: number;
  readonly patches: number;
  readonly videoSeconds: number;
  /** From the first item to the last commit. */
  readonly wallSeconds: number;
  readonly memory: {
    readonly limitBytes: Bytes;
    readonly budgetBytes: Bytes;
    readonly peakHeldBytes: Bytes;
    /** The most of the process and its children together, sampled every 50 ms. */
    readonly peakRssBytes: Bytes;
  };
  readonly operators: readonly OperatorMetrics[];
  readonly dead: readonly { readonly item: string; readonly code: string; readonly message: string }[];
  readonly skipped: readonly { readonly item: string; readonly reason: string }[];
  /** Networks whose weights are random, so that their features mean nothing beyond a test. */
  readonly randomWeights: readonly string[];
  readonly execution: {
    readonly workers: number;
    readonly threads: number;
    readonly batch: number;
    readonly concurrency: number;
  };
  /** Seconds of creating sessions, of running without it, and of writing the tables. */
  readonly phases: { readonly sessions: number; readonly run: number; readonly compaction: number };
  /** Whether the run was told to stop before its end. */
  readonly interrupted: boolean;
}

/** The networks that a pair of names or cards stands for. */
export interface ChosenNetworks {
  readonly visual: NetworkPlan | undefined;
  readonly audio: NetworkPlan | undefined;
}

/**
 * Resolves `visual` and `audio` to networks.
 *
 * @throws UsageError when a network has the wrong modality; ModelError when a card or weights do not fit.
 */
export function chooseNetworks(options: Pick<ExtractOptions, 'visual' | 'audio' | 'weights'>): ChosenNetworks {
  const choose = (name: string, modality: 'visual' | 'audio'): NetworkPlan | undefined => {
    if (name === 'none') return undefined;
    const plan = network(name, { weights: options.weights ?? 'random:1' });
    if (plan.card.modality !== modality) {
      throw new UsageError(
        `\`${modality}\` must be a network for ${modality}, but '${name}' is one for ${plan.card.modality}`,
      );
    }
    return plan;
  };
  return { visual: choose(options.visual ?? 'alexnet', 'visual'), audio: choose(options.audio ?? 'vggish', 'audio') };
}

/**
 * Extracts a corpus into a feature dataset. A second call with the same options resumes exactly: committed videos are not
 * opened again. One damaged file costs its own unit and nothing else.
 *
 * Buffering: at most the memory limit for the process and its children. Cancellation: `drain` and `signal`.
 *
 * @throws UsageError for options, an empty corpus, another graph's dataset, or a memory limit that cannot hold.
 * @throws ModelError when a network cannot be loaded or run.
 *
 * @example
 * const summary = await extract({ inputs: ['trailers/'], out: 'features/', memory: '1GiB' });
 */
export async function extract(options: ExtractOptions): Promise<ExtractSummary> {
  const say = options.onMessage ?? (() => {});
  const networks = chooseNetworks(options);
  const corpus = await listCorpus(options);
  const graph = extractionGraph({ ...options, ...networks });
  const plan = await planExtraction(graph, networks, corpus, options);
  const dataset = await Dataset.open(options.out, describe(plan, networks));

  const random = [networks.visual, networks.audio]
    .filter((entry) => entry?.random === true)
    .map((entry) => entry?.name ?? '');
  if (random.length > 0) {
    say(
      `${random.join(' and ')}: RANDOM WEIGHTS. The features are repeatable, but they mean nothing: for trying out and for measuring only.`,
    );
  }

  const sampler = new MemorySampler();
  const sessions = new Sessions(networks, plan);
  const flow = new Flow(plan.memory.budget);
  const tally = new RunTally(corpus.length);
  const started = performance.now();
  const progress = () => options.onProgress?.(progressOf(tally, flow, plan, (performance.now() - started) / 1000));
  const timer = options.onProgress === undefined ? undefined : setInterval(progress, 1000);
  sampler.start();
  let runSeconds = 0;
  let compactionSeconds = 0;
  try {
    await runLocally<Video, ExtractionServices>({
      graph,
      items: corpus,
      store: dataset.store,
      fingerprint: (video) => dataset.fingerprint(video.path),
      flow,
      services: () => sessions.open(),
      concurrency: plan.memory.concurrency,
      ...(options.drain === undefined ? {} : { drain: options.drain }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      operators: {
        before: [OPERATORS.decodeVideo, OPERATORS.decodeAudio, OPERATORS.embedVisual, OPERATORS.embedAudio],
        commit: OPERATORS.commit,
      },
      onEvent: (event) => {
        tally.add(event);
        if (event.type === 'dead' && !event.earlier)
          say(`${event.item.path}: ${event.letter.message} [${event.letter.code}]`);
        if (event.type === 'skipped') say(`${event.item.path}: skipped, ${event.reason}`);
      },
    });
    runSeconds = (performance.now() - started) / 1000;
    progress();
  } finally {
    clearInterval(timer);
    await sessions.close();
    await dataset.close();
    sampler.stop();
  }
  const operators = flow.metrics().operators;
  const interrupted = options.drain?.aborted === true || options.signal?.aborted === true;
  if (
    !interrupted &&
    options.compact !== false &&
    (tally.committed > 0 || !existsSync(join(options.out, 'dataset.json')))
  ) {
    const compacting = performance.now();
    sampler.start();
    try {
      await compact(options.out);
    } finally {
      sampler.stop();
    }
    compactionSeconds = (performance.now() - compacting) / 1000;
  }
  return {
    graphId: plan.graph.id,
    videos: {
      committed: tally.committed,
      alreadyDone: tally.alreadyDone,
      skipped: tally.skipped.length,
      dead: tally.dead.length,
    },
    frames: tally.frames,
    patches: tally.patches,
    videoSeconds: tally.seconds,
    wallSeconds: runSeconds,
    memory: {
      limitBytes: plan.memory.limit,
      budgetBytes: plan.memory.budget,
      peakHeldBytes: flow.metrics().peakHeld,
      peakRssBytes: sampler.peak,
    },
    operators,
    dead: tally.dead,
    skipped: tally.skipped,
    randomWeights: random,
    execution: {
      ...(plan.visual ?? plan.audio ?? { workers: 0, threads: 0, batch: 0 }),
      concurrency: plan.memory.concurrency,
    },
    phases: { sessions: sessions.seconds, run: runSeconds - sessions.seconds, compaction: compactionSeconds },
    interrupted,
  };
}

function progressOf(tally: RunTally, flow: Flow, plan: Plan, wallSeconds: number): ExtractProgress {
  const metrics = flow.metrics();
  const decode = metrics.operators.find((operator) => operator.name === OPERATORS.decodeVideo);
  return {
    done: tally.done,
    total: tally.total,
    dead: tally.dead.length,
    frames: decode?.out ?? 0,
    mediaSeconds: tally.mediaSeconds,
    remainingMediaSeconds: tally.remainingSeconds,
    wallSeconds,
    heldBytes: metrics.held,
    budgetBytes: plan.memory.budget,
  };
}

/** What `dataset.json` says of the graph and of the networks that made it. */
function describe(plan: Plan, networks: ChosenNetworks) {
  const models = [networks.visual, networks.audio]
    .filter((entry) => entry !== undefined)
    .map((entry) => ({
      name: entry.name,
      cardHash: entry.cardHash,
      weightsHash: entry.weightsHash,
      random: entry.random,
      card: entry.card,
    }));
  return {
    graphId: plan.graph.id,
    name: plan.graph.name,
    version: plan.graph.version,
    params: plan.graph.params,
    models,
  };
}

/** Opens the sessions when the first unit needs them, one network after another, so that a run with nothing to do opens none. */
class Sessions {
  /** Seconds spent on creating sessions. */
  seconds = 0;
  #opening: Promise<ExtractionServices> | undefined;
  readonly #open: Network[] = [];

  constructor(
    private readonly networks: ChosenNetworks,
    private readonly plan: Plan,
  ) {}

  open(): Promise<ExtractionServices> {
    this.#opening ??= this.#create();
    return this.#opening;
  }

  async #create(): Promise<ExtractionServices> {
    const started = performance.now();
    const services: { visual?: ExtractionServices['visual']; audio?: ExtractionServices['audio'] } = {};
    if (this.networks.visual !== undefined && this.plan.visual !== undefined) {
      const opened = await this.networks.visual.open(this.plan.visual);
      this.#open.push(opened);
      services.visual = opened as ExtractionServices['visual'];
    }
    if (this.networks.audio !== undefined && this.plan.audio !== undefined) {
      const opened = await this.networks.audio.open(this.plan.audio);
      this.#open.push(opened);
      services.audio = opened as ExtractionServices['audio'];
    }
    this.seconds = (performance.now() - started) / 1000;
    return services as ExtractionServices;
  }

  async close(): Promise<void> {
    for (const opened of this.#open.splice(0)) await opened.close();
  }
}
