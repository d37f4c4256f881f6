import { shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { loadExport, type ModuleKind, refusedModule } from '../core/module-export.ts';
import { type MetricDefinition, register } from '../models/metrics/own-metrics.ts';

const kind: ModuleKind = {
  what: 'definition of a metric',
  remedy:
    "Name a file that exports `{ name, version, ofUser }`, or a list of them: './hit-rate.js', or './mine.js#export'.",
};

/**
 * Loads the metrics that modules export, and makes them known to this process. This runs the
 * modules.
 *
 * @param modules their paths, with `#export` for anything but the default export.
 * @throws UsageError `module` when one does not exist, cannot be loaded or exports no definition.
 */
export async function loadMetricModules(modules: readonly string[] | undefined): Promise<void> {
  if (modules === undefined) return;
  if (!Array.isArray(modules)) {
    throw new UsageError(`\`metrics\` must be a list of modules, but is ${shown(modules)}`, {
      option: 'metrics',
      remedy: "Give the paths of the modules that export them: `metrics: ['./hit-rate.js']`.",
    });
  }
  const from = new Map<string, string>();
  for (const module of modules) {
    for (const name of await loadMetricModule(module)) {
      const other = from.get(name);
      if (other !== undefined) {
        throw new UsageError(`${other} and ${module} both export a metric named ${shown(name)}`, {
          option: 'metrics',
          remedy: 'Give one of them another name.',
        });
      }
      from.set(name, module);
    }
  }
}

/** @returns the names of its metrics. */
async function loadMetricModule(module: string): Promise<string[]> {
  const { value, name, sha256 } = await loadExport(module, kind, (each) => definitionsIn(each).some(isDefinition));
  try {
    const definitions = definitionsIn(value) as readonly MetricDefinition[];
    for (const definition of definitions) register(definition, sha256);
    return definitions.map((definition) => definition.name);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw refusedModule(module, kind, `exports as ${shown(name)} what is not a metric: ${cause.message}`, cause);
  }
}

function definitionsIn(exported: unknown): readonly unknown[] {
  return Array.isArray(exported) ? exported : [exported];
}

function isDefinition(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'ofUser' in value;
}
