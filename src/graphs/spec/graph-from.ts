import { checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { changesBetween } from '../../io/dataset/dataset-file.ts';
import type { FrameSampling } from '../../io/media/frames.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Statistic } from '../../operators/statistics.ts';
import { dataflow, type VideoGraph } from '../dataflow/dataflow.ts';
import { extractionGraph } from '../extraction.ts';
import type { ItemPolicy } from '../item-policy.ts';
import { loadFlow } from './flow-module.ts';
import { checkSpec, type GraphFacts, type GraphSpec, type ModuleOrigin } from './graph-spec.ts';
import { type NetworkSpec, networkFrom } from './network-spec.ts';

/** What may be used to make a graph again. */
export interface GraphFromOptions {
  /**
   * Weight files, and directories of them, searched before the weights store: weights are found by
   * their hash.
   */
  readonly weights?: string | readonly string[] | undefined;
  /**
   * The modules that may be loaded, as paths below the working directory: `['./flow.js']`. Default:
   * none, so that a spec in a dataset or a job cannot run code that you did not ask for.
   */
  readonly modules?: readonly string[] | undefined;
}

/**
 * Makes the graph of a spec, in any process: networks from weights found by their hash, a dataflow
 * of your own from the module that exports it. The graph is refused unless it has the id that the
 * spec states.
 *
 * @throws UsageError `spec` for something that is not a spec, or the spec of an inline dataflow;
 * `module` for a module that is not in `modules` or cannot be loaded; `graph` when the result is
 * another graph, saying what differs. ModelError `weights` when weights are not found.
 *
 * @example
 * const graph = await graphFrom(await readSpec('features/'), { modules: ['./flow.js'] });
 * await writeDataset('more-features/', 'more-trailers/', { graph });
 */
export async function graphFrom(spec: GraphSpec, options: GraphFromOptions = {}): Promise<VideoGraph> {
  const checked = checkSpec(spec);
  const { weights = [] } = options;
  const places = typeof weights === 'string' ? [weights] : weights;
  for (const place of places) checkString('weights', place);
  const graph = await make(checked, places, options.modules ?? []);
  if (graph.spec.id === checked.id) return graph;
  const changes = changesBetween(withoutPath(checked.graph), withoutPath(graph.spec.graph));
  throw new UsageError(`the graph is not that of the spec (${graph.spec.id}, not ${checked.id}): ${changes}`, {
    code: 'graph',
    remedy:
      checked.kind === 'module' && checked.graph.version === graph.version
        ? `Use ${checked.module} and the original weights, or write another dataset with what there is now.`
        : 'Use the version of reelflow that wrote the spec, or write another dataset with this one.',
  });
}

/** Name and version under one key, so that a changed parameter is reported by its own name. */
const withoutPath = ({ name, version, params }: GraphFacts['graph']) => ({ graph: { name, version }, params });

async function make(spec: GraphSpec, places: readonly string[], modules: readonly string[]): Promise<VideoGraph> {
  const { policy } = spec;
  switch (spec.kind) {
    case 'extraction': {
      const { sampling: fps, subclips, subclipSeconds, statistics } = spec.graph.params as unknown as ExtractionParams;
      const of = (network: NetworkSpec | undefined) => network && networkFrom(network, places);
      return extractionGraph({
        visual: of(spec.visual) as UnopenedNetwork<Uint8Array> | undefined,
        audio: of(spec.audio) as UnopenedNetwork<Float32Array> | undefined,
        ...{ fps, subclips, subclipSeconds, statistics, repeatedFrames: spec.duplicates, ...policy },
      });
    }
    case 'module':
      return moduleGraph(spec, policy, modules);
    case 'inline':
      throw new UsageError(`the dataflow '${spec.graph.name}' was written inline: its functions exist nowhere else`, {
        code: 'spec',
        remedy: "Move it into a module, and give `module: './flow.js#name'` instead of `columns`.",
      });
  }
}

/** What the parameters of an extraction contain besides its networks. */
interface ExtractionParams {
  readonly sampling: FrameSampling;
  readonly subclips: readonly number[];
  readonly subclipSeconds?: readonly number[] | undefined;
  readonly statistics: readonly Statistic[];
}

/**
 * The graph of a dataflow that a module exports.
 *
 * @param allowed as in `loadFlow`.
 */
export async function moduleGraph(
  origin: Omit<ModuleOrigin, 'kind'>,
  policy: ItemPolicy,
  allowed?: readonly string[],
): Promise<VideoGraph> {
  const { flow, module, params } = await loadFlow(origin.module, origin.params, allowed);
  return dataflow({ ...flow, ...policy, origin: { kind: 'module', module, params } });
}
