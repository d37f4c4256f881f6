import type { Json } from '../graph.ts';
import type { RecommenderName } from '../recommenders/recommender-names.ts';
import { recommenderOptions } from '../recommenders/recommender-options.ts';

/**
 * All options of a recommender with their values: the given ones, else the defaults of this
 * version. A default given in words (`all streams of the features`) stays as it is.
 */
export function resolvedOptions(model: RecommenderName, given: Readonly<Record<string, Json>>): Record<string, Json> {
  const known = recommenderOptions(model);
  const residual = known.some(({ key }) => key === 'form') && given.form !== 'thesis';
  return Object.fromEntries(
    known.map(({ key, default: words }) => [key, given[key] ?? defaultOf(words, residual, given)]),
  );
}

/** `64, residual 32` depends on the form; `10 (als), 20 (sgd)` on the method. */
function defaultOf(words: string, residual: boolean, { method }: Readonly<Record<string, Json>>): Json {
  const [plain = words, other] = words.split(/, residual |; beside /);
  if (residual && other !== undefined && words.includes(', residual ')) return valueFrom(other);
  const byMethod = new RegExp(`(\\S+) \\(${typeof method === 'string' ? method : 'als'}\\)`).exec(words);
  return valueFrom(byMethod?.[1] ?? plain);
}

function valueFrom(text: string): Json {
  for (const json of [text, `[${text}]`]) {
    try {
      return JSON.parse(json) as Json;
    } catch {
      // The default is given in words.
    }
  }
  return text;
}
