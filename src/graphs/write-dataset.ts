import { checkFunction, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { MemorySampler } from '../io/media/process-memory.ts';
import { Video, videos } from '../io/media/video.ts';
import { chooseDevice } from '../models/onnx/device.ts';
import { dataflow, type VideoGraph } from './dataflow/dataflow.ts';
import type { Json } from './graph.ts';
import { type Coverage, checkInputs, checkUniqueIds, coverageOf } from './inputs.ts';
import { intoDataset } from './into-dataset.ts';
import { type ItemPolicy, itemPolicy, itemPolicyOptions } from './item-policy.ts';
import { listener } from './listener.ts';
import { networksOf } from './plan.ts';
import { runGraph } from './run-graph.ts';
import { type RunOptions, runOptions } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';
import { Feed } from './runners/feed.ts';
import type { Dataflow } from './spec/flow-module.ts';
import { moduleGraph } from './spec/graph-from.ts';
import { withNetworkUse } from './with-network-use.ts';

/** A dataflow defined where it is run: no other process can recreate it. */
export interface InlineDataflow extends Dataflow, ItemPolicy {
  readonly module?: undefined;
  readonly graph?: undefined;
}

/** A dataflow that a module exports: the dataset records how another process can recreate it. */
export interface ModuleDataflow extends ItemPolicy {
  /** The module's path below the working directory, and its export: `./flow.js#shots`. */
  readonly module: string;
  /** What the export is called with, if it is a function: JSON, and part of the id. */
  readonly params?: Json | undefined;
  readonly columns?: undefined;
  readonly version?: undefined;
  readonly name?: undefined;
  readonly graph?: undefined;
}

/** A graph that already exists, for example from `graphFrom`. */
export interface MadeGraph {
  readonly graph: VideoGraph;
  readonly columns?: undefined;
  readonly module?: undefined;
}

/**
 * What `writeDataset` computes for each video (`columns`, a `module` that exports them, or a
 * `graph`), and how it runs.
 */
export type WriteDatasetOptions = RunOptions & (InlineDataflow | ModuleDataflow | MadeGraph);

const knownOfInline: KnownOptions<Omit<InlineDataflow, 'module' | 'graph'>> = {
  ...itemPolicyOptions,
  columns: true,
  version: true,
  name: true,
};
const knownOfModule: KnownOptions<Pick<ModuleDataflow, keyof ItemPolicy | 'module' | 'params'>> = {
  ...itemPolicyOptions,
  module: true,
  params: true,
};

/**
 * Runs a dataflow of your own over videos into a dataset, under one memory limit for the process
 * and its decoders, as `extract` does with its two columns. A second call with the same dataflow
 * computes only what is missing. A damaged file costs only its own unit, which becomes a dead
 * letter; a failure that every video would meet (a network that cannot run, a full disk) ends the
 * call, and what is committed stays.
 *
 * Buffering: at most the memory limit. The list of videos is read to its end before the run begins.
 * Cancellation: `drain` finishes what is running, `signal` stops it; both resolve normally, with
 * `interrupted` in the summary.
 *
 * @param input - files, directories or globs, or videos.
 * @throws UsageError `version` for functions without a version, `module` for a module that exports
 * no dataflow, `dataset` when the directory holds another dataset, `memory-too-small`, `no-inputs`,
 * `duplicate-id`; ModelError when a network cannot be run.
 *
 * @example
 * const alexnet = network('alexnet');
 * const { videos, dead } = await writeDataset('features/', 'trailers/', {
 *   memory: '1GiB',
 *   columns: (scope) => ({
 *     visual: scope.frames(alexnet.input).pipe(scope.embed(alexnet), scope.subclips({ count: 10 })),
 *   }),
 * });
 * await writeDataset('shots/', 'trailers/', { module: './flow.js#shots', params: { threshold: 0.3 } });
 */
export async function writeDataset(
  directory: string,
  input: string | readonly string[] | Iterable<Video> | AsyncIterable<Video>,
  options: WriteDatasetOptions,
): Promise<RunSummary> {
  checkString('directory', directory);
  checkWriteOptions(options);
  const graph = await graphOf(options);
  const say = listener('onMessage', options.onMessage);
  const stop = AbortSignal.any([options.drain, options.signal].filter((signal) => signal !== undefined));
  const corpus = await collect(input, stop);
  const random = networksOf(graph).filter((network) => network.random);
  if (random.length > 0 && options.onMessage === undefined) {
    const names = random.map((network) => network.name).join(' and ');
    process.emitWarning(
      `${names} has random weights: its features are reproducible, but meaningless`,
      'ReelflowWarning',
    );
  }
  const sampler = new MemorySampler();
  sampler.start();
  try {
    return await withNetworkUse(() =>
      intoDataset(directory, options, async (out) => {
        const device = await chooseDevice(options.device ?? 'auto');
        if (device.says !== undefined) say(device.says);
        return await runGraph(graph, corpus, options, { out, device, sampler, covers: coveredBy(input) });
      }),
    );
  } finally {
    sampler.stop();
  }
}

/** Allows the options of a run and of the chosen kind of dataflow, and no others. */
function checkWriteOptions(options: InlineDataflow | ModuleDataflow | MadeGraph): void {
  if (options?.graph !== undefined) {
    checkKnownOptions('writeDataset` with `graph', options, { ...runOptions, graph: true });
  } else if (options?.module !== undefined) {
    for (const key of ['columns', 'version', 'name'] as const) {
      if (options[key] === undefined) continue;
      throw new UsageError(`\`${key}\` is set by the export of \`module\`, and cannot be given as well`);
    }
    checkKnownOptions('writeDataset` with `module', options, { ...runOptions, ...knownOfModule });
  } else checkKnownOptions('writeDataset', options, { ...runOptions, ...knownOfInline });
}

async function graphOf(options: InlineDataflow | ModuleDataflow | MadeGraph): Promise<VideoGraph> {
  if (options.graph !== undefined) {
    checkFunction('graph.unit', options.graph.unit);
    return options.graph;
  }
  const policy = itemPolicy(options);
  if (options.module !== undefined) return moduleGraph(options, policy);
  const { columns, version, name } = options;
  return dataflow({ columns, version, name, ...policy });
}

/** What a list of paths covers; a list of videos says nothing about where they come from. */
function coveredBy(input: string | readonly string[] | Iterable<Video> | AsyncIterable<Video>): Coverage {
  return coverageOf({ inputs: pathsIn(input) });
}

/** The paths of a list of paths; none of a list of videos. */
function pathsIn(input: string | readonly string[] | Iterable<Video> | AsyncIterable<Video>): readonly string[] {
  if (typeof input === 'string') return [input];
  return Array.isArray(input) && input.every((each) => typeof each === 'string') ? input : [];
}

/**
 * Reads the videos of a list to its end or until `stop`, which takes effect even while the list
 * waits for its next video.
 */
async function collect(
  input: string | readonly string[] | Iterable<Video> | AsyncIterable<Video>,
  stop: AbortSignal,
): Promise<readonly Video[]> {
  const paths = pathsIn(input);
  await checkInputs(paths);
  const found: Video[] = [];
  const feed = new Feed<Video>(
    paths.length > 0 ? videos(paths) : (input as Iterable<Video> | AsyncIterable<Video>),
    stop,
  );
  try {
    for (let next = await feed.next(); next !== undefined; next = await feed.next()) {
      if (!(next.item instanceof Video)) {
        throw new UsageError(`\`input\` must yield videos, but yielded ${shown(next.item)}`);
      }
      found.push(next.item);
    }
  } finally {
    await feed.close();
  }
  if (found.length === 0 && !stop.aborted) throw new UsageError('there are no videos', { code: 'no-inputs' });
  await checkUniqueIds(found, 'videos');
  return found;
}
