import { checkOneOf, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkJson, type Json } from '../../core/json.ts';
import { readDatasetFile } from '../../io/dataset/dataset-file.ts';
import type { RepeatedFrames } from '../../operators/embed.ts';
import { graphId } from '../graph.ts';
import { type CheckedPolicy, type ItemPolicy, itemPolicy } from '../item-policy.ts';
import type { NetworkSpec } from './network-spec.ts';

/** How to make an extraction again. */
export interface ExtractionOrigin {
  readonly kind: 'extraction';
  readonly visual?: NetworkSpec | undefined;
  readonly audio?: NetworkSpec | undefined;
  /** Whether equal frames share one vector; changes no values. */
  readonly duplicates?: RepeatedFrames | undefined;
}

/** How to make a module's dataflow again. */
export interface ModuleOrigin {
  readonly kind: 'module';
  /** The module's path below the working directory, and its export: `./flow.js#shots`. */
  readonly module: string;
  /** What the export is called with, if it is a function. */
  readonly params?: Json | undefined;
}

/** A dataflow written in the program that ran it: no other program has its functions. */
export interface InlineOrigin {
  readonly kind: 'inline';
}

/** What a graph is made from, besides the values that its id is the hash of. */
export type GraphOrigin = ExtractionOrigin | ModuleOrigin | InlineOrigin;

/** What every spec says about its graph. */
export interface GraphFacts {
  /** The graph's id: the hash of `graph`. */
  readonly id: string;
  /** Everything that changes values. */
  readonly graph: { readonly name: string; readonly version: number; readonly params: Json };
  /** Which items are computed and kept; changes no values. */
  readonly policy: CheckedPolicy;
}

/**
 * A graph as JSON: what a dataset stores and a job may carry, so that another process can make the
 * same graph from it with `graphFrom`. It contains hashes of weights and names of modules, but
 * neither weights nor code.
 */
export type GraphSpec = GraphFacts & GraphOrigin;

/**
 * @throws UsageError `spec` when a value is not a spec, or its id does not match its content.
 */
export function checkSpec(value: unknown): GraphSpec {
  const json = asSpec('spec', () => checkJson('spec', value));
  const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
    typeof json === 'object' && json !== null && !Array.isArray(json);
  if (!isObject(json)) throw noSpec(`it is ${shown(value)}`);
  const { id, graph, policy } = json;
  if (!isObject(graph) || !isObject(policy)) throw noSpec('it lacks `graph` or `policy`');
  return asSpec('spec', () => {
    const kind = checkOneOf('spec.kind', json.kind, ['extraction', 'module', 'inline']);
    if (kind === 'module') checkString('spec.module', json.module);
    itemPolicy(policy as ItemPolicy, 'spec.policy.');
    const spec = json as unknown as GraphSpec;
    const found = graphId(spec.graph);
    if (found !== id) throw noSpec(`its \`id\` is ${shown(id)}, but that of its \`graph\` is '${found}'`);
    return spec;
  });
}

function asSpec<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UsageError) || error.code === 'spec') throw error;
    throw noSpec(error.message.replace(`\`${name}.`, '`'), error);
  }
}

function noSpec(why: string, cause?: unknown): UsageError {
  return new UsageError(`this is not a spec of a graph: ${why}`, {
    code: 'spec',
    remedy: 'Give what `readSpec` returned for a dataset, or the `spec` of its description, unchanged.',
    cause,
  });
}

/**
 * The spec of the graph that made a dataset.
 *
 * @throws UsageError `dataset` when the directory is not a dataset; `spec` when it has none because
 * it was made before datasets had specs.
 *
 * @example
 * const graph = await graphFrom(await readSpec('features/'));
 */
export async function readSpec(directory: string): Promise<GraphSpec> {
  const { spec } = readDatasetFile(checkString('directory', directory));
  if (spec !== undefined) return checkSpec(spec);
  throw new UsageError(`the dataset ${directory} has no spec of its graph: an earlier version of reelflow made it`, {
    code: 'spec',
    remedy:
      'Run the command that made it once more, into the same directory: this adds the spec without computing anything again.',
  });
}
