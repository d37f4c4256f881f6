import type { Writable } from 'node:stream';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { isObjectAddress } from '../core/object-address.ts';
import { MemorySampler } from '../io/media/process-memory.ts';
import { chooseDevice } from '../models/onnx/device.ts';
import { chooseNetworks, type NetworkChoice } from './choose-networks.ts';
import { measuredOf } from './dataset-description.ts';
import { type ExtractionOptions, extractionGraph } from './extraction.ts';
import { type CorpusOptions, coverageOf, listCorpus } from './inputs.ts';
import { interruptedSummary } from './interrupted-summary.ts';
import { intoDataset } from './into-dataset.ts';
import { itemPolicyOptions } from './item-policy.ts';
import { listener } from './listener.ts';
import { MemoryGuard } from './memory-guard.ts';
import { memoryLimit } from './plan.ts';
import type { PrecisionOptions } from './precision/choose-precision.ts';
import { preparePrecision } from './precision/prepare-precision.ts';
import { runGraph } from './run-graph.ts';
import { type RunOptions, runOptions } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';
import { checkShard } from './runners/shard.ts';
import { type ScratchOptions, withInputCopies } from './with-input-copies.ts';
import { withNetworkUse } from './with-network-use.ts';

/** What to extract, from which inputs, where to write it, and how to run. */
export interface ExtractOptions
  extends NetworkChoice,
    CorpusOptions,
    RunOptions,
    PrecisionOptions,
    ScratchOptions,
    Omit<ExtractionOptions, 'visual' | 'audio'> {
  /**
   * The dataset's directory, or its address in an object store (`s3://bucket/prefix`); it is
   * created, or resumed if it already holds this graph's dataset. Or a Node.js stream, which
   * receives an Arrow IPC stream with a record batch for each unit as it commits. It waits for its
   * reader and is not ended. Nothing is kept to resume from, and if the reader goes away the run
   * ends without an error.
   */
  readonly out: string | Writable;
}

/** The options of `extract`. */
export const extractOptions: KnownOptions<ExtractOptions> = {
  ...runOptions,
  inputs: true,
  manifest: true,
  id: true,
  limit: true,
  onPassedOver: true,
  visual: true,
  audio: true,
  weights: true,
  visualWeights: true,
  audioWeights: true,
  layer: true,
  audioPostprocess: true,
  convolutions: true,
  subclips: true,
  statistics: true,
  fps: true,
  ...itemPolicyOptions,
  repeatedFrames: true,
  precision: true,
  forcePrecision: true,
  out: true,
  subclipSeconds: true,
  onFrame: true,
  scratch: true,
  copies: true,
};

/**
 * Extracts a corpus into a feature dataset. A second call with the same options resumes exactly:
 * committed videos are not opened again. A damaged file costs only its own unit.
 *
 * Buffering: at most the memory limit, for the process and its children together. Cancellation:
 * `drain` and `signal`; either stops a calibration.
 *
 * @throws UsageError for invalid options, an empty corpus, another graph's dataset, or a memory
 * limit that is too small.
 * @throws ModelError when a network cannot be loaded or run.
 *
 * @example
 * const summary = await extract({ inputs: ['trailers/'], out: 'features/', memory: '1GiB' });
 */
export async function extract(options: ExtractOptions): Promise<RunSummary> {
  checkKnownOptions('extract', options, extractOptions);
  const sampler = new MemorySampler();
  sampler.start();
  const { out } = options;
  const say = listener('onMessage', options.onMessage);
  try {
    return await withInputCopies(options, say, (copies) => {
      const run = { ...options, copies };
      return withNetworkUse(async () =>
        typeof out !== 'string' || !isObjectAddress(out)
          ? extractSampled(run, sampler)
          : intoDataset(out, options, (directory) => extractSampled({ ...run, out: directory }, sampler)),
      );
    });
  } finally {
    sampler.stop();
  }
}

async function extractSampled(options: ExtractOptions, sampler: MemorySampler): Promise<RunSummary> {
  const prepared = await prepareExtraction(options);
  if (prepared.graph === undefined) {
    const what = options.precision === 'float16' ? 'measuring float16' : 'calibrating int8';
    listener('onMessage', options.onMessage)(`stopped while ${what}: no dataset was created`);
    return interruptedSummary(prepared.plans, {
      memory: options.memory,
      peak: sampler.peak,
      device: prepared.setting.device.device,
      items: prepared.corpus.length,
      precision: options.precision,
    });
  }
  const { graph, corpus, setting } = prepared;
  const { calibration } = setting;
  const summary = await runGraph(graph, corpus, options, {
    ...{ ...setting, out: options.out, sampler },
    covers: coverageOf(options),
  });
  return calibration === undefined ? summary : { ...summary, calibration: measuredOf(calibration) };
}

/**
 * Opens the networks of an extraction and lists its inputs; a network in int8 is calibrated. The
 * graph is undefined if calibration was stopped.
 *
 * @internal
 */
export async function prepareExtraction(options: ExtractOptions) {
  const say = listener('onMessage', options.onMessage);
  const tellStage = listener('onStage', options.onStage);
  tellStage('opening networks');
  checkShard(options, typeof options.out === 'string');
  const chosen = chooseNetworks(options);
  tellStage('listing inputs');
  const corpus = await listCorpus({ ...options, onPassedOver: say });
  const device = await chooseDevice(options.device ?? 'auto');
  if (device.says !== undefined) say(device.says);
  tellStage('opening networks');
  const plans = [chosen.visual, chosen.audio].filter((plan) => plan !== undefined);
  for (const plan of plans) await plan.measure(new MemoryGuard(memoryLimit(options)));
  const directory = typeof options.out === 'string' ? options.out : undefined;
  const networks = await preparePrecision(chosen, corpus, { ...options, device, directory, say });
  for (const sentence of networks?.says ?? []) say(sentence);
  const { calibration, remains } = networks ?? {};
  const graph = networks && extractionGraph({ ...options, ...networks });
  return { plans, corpus, graph, setting: { device, calibration, remains } };
}
