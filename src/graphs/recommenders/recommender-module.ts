import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { hashFile } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { factOf } from '../../core/words-of.ts';
import type { RecommenderDefinition } from './own-recommenders.ts';
import { register } from './register-recommender.ts';

const MODULE = /\.[cm]?[jt]s(#[^#]*)?$/;

/** Whether a text that names a recommender is the path of a module. */
export function isRecommenderModule(text: string): boolean {
  return MODULE.test(text);
}

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
  const [path = '', name = 'default'] = checkString('module', module).split('#');
  if (!isRecommenderModule(module)) throw refused(module, 'is not a JavaScript or TypeScript file');
  refuseAddress(path);
  let sha256: string;
  let namespace: Readonly<Record<string, unknown>>;
  try {
    const file = realpathSync(resolve(path));
    ({ sha256 } = await hashFile(file));
    // If a file has changed since it was loaded, it is loaded again instead of reusing the old
    // code.
    namespace = await import(`${pathToFileURL(file).href}?sha256=${sha256}`);
  } catch (cause) {
    throw refused(module, `cannot be loaded: ${factOf(cause)}`, cause);
  }
  const definition = namespace[name] as RecommenderDefinition | undefined;
  if (typeof definition !== 'object' || definition === null || !('make' in definition)) {
    const names = Object.keys(namespace).join(', ') || 'nothing';
    throw refused(module, `exports no definition of a recommender as ${shown(name)}, but ${names}`);
  }
  try {
    register(definition, { module: { name: module, sha256 } });
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw refused(module, `exports as ${shown(name)} what is not a definition: ${cause.message}`, cause);
  }
  return definition.name;
}

function refused(module: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`the module ${shown(module)} ${why}`, {
    code: 'module',
    remedy: "Name a file that exports `{ name, version, make }`: './mine.js', or './mine.js#export'.",
    cause,
  });
}
