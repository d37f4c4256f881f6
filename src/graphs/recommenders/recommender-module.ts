import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { loadExport, type ModuleKind, refusedModule } from '../../core/module-export.ts';
import type { RecommenderDefinition } from './own-recommenders.ts';
import { register } from './register-recommender.ts';

const kind: ModuleKind = {
  what: 'definition of a recommender',
  remedy: "Name a file that exports `{ name, version, make }`: './mine.js', or './mine.js#export'.",
};

/**
 * Loads the definition of a recommender that a module exports, and makes it known to this process.
 * This runs the module: name only what you would run. Nothing that reelflow reads, neither a saved
 * recommender nor a directory of results, makes it load a module.
 *
 * @param module its path, with `#export` if the definition is not the default export.
 * @returns the name that the recommender has from then on.
 * @throws UsageError `module` when it does not exist, cannot be loaded or exports no definition.
 * @example
 * const name = await loadRecommenderModule('./mine.js#userMean');
 * await trainRecommender({ recommender: name, ratings: 'ml-20m', out: 'recommenders/mine' });
 */
export async function loadRecommenderModule(module: string): Promise<string> {
  const { value, name, sha256 } = await loadExport(
    module,
    kind,
    (each) => typeof each === 'object' && each !== null && 'make' in each,
  );
  const definition = value as RecommenderDefinition;
  try {
    register(definition, { module: { name: module, sha256 } });
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw refusedModule(module, kind, `exports as ${shown(name)} what is not a definition: ${cause.message}`, cause);
  }
  return definition.name;
}
