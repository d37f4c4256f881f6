import { checkBoolean, checkFunction, checkString, checkVersion, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { metrics } from './metrics.ts';
import type { RankedList } from './ranked-list.ts';

/**
 * A metric of your own over the first k of each user's list, for `evaluate`, `runExperiment` and
 * every other place that has metrics.
 */
export interface MetricDefinition {
  /** Its name in results and in `select`. Must not be the name of a built-in metric. */
  readonly name: string;
  /** Version of its code: an experiment computes its figures again when it changes. */
  readonly version: string;
  /**
   * The value of one user's first k items; higher is better. NaN for a user for whom it is not
   * defined. It must not change the list.
   */
  readonly ofUser: (list: RankedList, k: number) => number;
  /** Title of its column in an experiment's tables. Default: its name. */
  readonly column?: string | undefined;
  /**
   * Whether it compares predictions with ratings or with the threshold: it is then NaN for
   * recommenders whose predictions only rank. Default false.
   */
  readonly needsRatings?: boolean | undefined;
}

/** A metric of a user's own, and the hash of the module that it came from. */
interface OwnMetric extends MetricDefinition {
  readonly sha256: string | undefined;
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const own = new Map<string, OwnMetric>();
const known: KnownOptions<MetricDefinition> = {
  name: true,
  version: true,
  ofUser: true,
  column: true,
  needsRatings: true,
};

/**
 * Adds a metric of your own to this process, after the built-in ones. Registering a name again
 * replaces it.
 *
 * @throws UsageError naming what is wrong with the definition; later, from the call that computes
 * it, `metric` if it fails or returns something other than a number.
 * @example
 * registerMetric({
 *   name: 'hitRate',
 *   version: '1',
 *   ofUser: ({ relevant }, k) => (relevant.subarray(0, k).includes(1) ? 1 : 0),
 * });
 * const grid = { 'item-knn': { neighbours: [20, 40] } };
 * await runExperiment({ ratings: 'ml-latest-small', grid, select: 'hitRate' }, { out: 'results' });
 */
export function registerMetric(definition: MetricDefinition): void {
  register(definition, undefined);
}

/** Like `registerMetric`, for a definition that a module with this hash exports. */
export function register(definition: MetricDefinition, sha256: string | undefined): void {
  checkKnownOptions('registerMetric', definition, known);
  const { version, ofUser, column, needsRatings = false } = definition;
  const name = checkString('name', definition.name);
  if (!NAME.test(name) || (Object.hasOwn(metrics, name) && !own.has(name))) {
    throw new UsageError(`a metric of your own cannot have the name ${shown(name)}`, {
      option: 'name',
      remedy: 'Give it a name of letters, digits, - and _ that no other metric has.',
    });
  }
  checkVersion(version);
  checkFunction('ofUser', ofUser);
  if (column !== undefined) checkString('column', column);
  checkBoolean('needsRatings', needsRatings);
  own.set(name, { ...definition, sha256 });
  const entry = { over: 'first-k', column: column ?? name, ofUser: guarded(definition) } as const;
  Object.assign(metrics, { [name]: entry });
}

/**
 * Names of all metrics, those of your own with what their figures depend on, in the order of their
 * names.
 */
export function metricVersions(): string[] {
  const builtIn = Object.keys(metrics).filter((name) => !own.has(name));
  const versions = [...own.values()].map(
    ({ name, version, needsRatings, sha256 }) =>
      `${name} ${version}${needsRatings === true ? ' of ratings' : ''}${sha256 === undefined ? '' : ` ${sha256}`}`,
  );
  return [...builtIn, ...versions.sort()];
}

/** Whether a metric of your own is undefined for predictions that only rank. */
export function ownNeedsRatings(name: string): boolean {
  return own.get(name)?.needsRatings === true;
}

function guarded({ name, ofUser }: MetricDefinition): MetricDefinition['ofUser'] {
  return (list, k) => {
    let value: unknown;
    try {
      value = ofUser(list, k);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`\`ofUser\` of metric ${name} failed: ${why}`, { code: 'metric', cause });
    }
    if (typeof value === 'number') return value;
    throw new UsageError(`\`ofUser\` of metric ${name} must return a number, but returned ${shown(value)}`, {
      code: 'metric',
      remedy: 'Return NaN for a user for whom it is not defined.',
    });
  };
}
