import { checkString, checkVersion, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { keepOwnRecommender, type RecommenderCode, type RecommenderDefinition } from './own-recommenders.ts';
import { recommenderNames } from './recommender-names.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const KINDS: readonly string[] = ['integer', 'number', 'boolean', 'text', 'integers', 'json'];

/**
 * Makes a recommender of your own known to this process under its name. Registering a name again
 * replaces it.
 *
 * @throws UsageError naming what is wrong with the definition.
 * @example
 * registerRecommender({ name: 'my-mean', version: '1', make: () => new UserMeanRecommender() });
 * await runExperiment({ ratings: 'ml-latest-small', recommenders: ['baseline', 'my-mean'] }, { out: 'results' });
 */
export function registerRecommender(definition: RecommenderDefinition): void {
  register(definition, {});
}

/** Like `registerRecommender`, for a definition that a module exports. */
export function register(definition: RecommenderDefinition, from: Pick<RecommenderCode, 'module'>): void {
  const { name, version, options = [], make } = definition;
  if (!NAME.test(checkString('name', name)) || (recommenderNames as readonly string[]).includes(name)) {
    throw new UsageError(`a recommender of your own cannot have the name ${shown(name)}`, {
      remedy: 'Give it a name of letters, digits, - and _ that no other recommender has.',
    });
  }
  checkVersion(version);
  if (typeof make !== 'function') throw new UsageError(`\`make\` of ${name} must be a function, but is ${shown(make)}`);
  for (const { key, kind } of options) {
    checkString('key', key);
    if (!KINDS.includes(kind)) throw new UsageError(`\`kind\` of ${name}.${key} must be one of ${KINDS.join(', ')}`);
  }
  keepOwnRecommender({ definition, code: { version, ...from } });
}
