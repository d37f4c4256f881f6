import { UsageError } from '../../core/errors.ts';
import { isTimed } from '../../io/ratings/scenario-kinds.ts';
import type { ScenarioCounts } from '../../io/ratings/scenarios.ts';
import { checkThreshold } from '../../models/metrics/threshold-check.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import { decimalRatings } from '../decimal-ratings.ts';
import { seedIsKnown } from '../recommenders/private-options.ts';
import type { Experiment, ScenarioName } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import { experimentRuns } from './experiment-points.ts';
import type { ExperimentScenarios, ScenarioData } from './experiment-scenarios.ts';
import type { PointResult } from './point-result.ts';
import { ratesAlike } from './search.ts';
import type { ExperimentRow } from './summarise.ts';

/** Detects wrong filters and sizes before anything is computed or written. */
export async function checkScenarios(
  experiment: Experiment,
  made: ExperimentScenarios,
  say: ((line: string) => void) | undefined,
): Promise<ScenarioData> {
  const { scenarios, perUser, fewer } = experiment;
  const [run] = experimentRuns(experiment);
  const first = await made.of(scenarios[0] as ScenarioName, run?.splitSeed ?? 1);
  const { counts, splits } = first.scenario;
  const tests = splits.map(({ test }) => test.length);
  if (tests.some((test) => test === 0)) {
    throw new UsageError(`a fold has no test ratings: ${tests.join(', ')}`, {
      code: 'ratings',
      remedy: 'Use more ratings per user, or fewer folds.',
    });
  }
  say?.(
    `${counts.ratings} ratings of ${counts.users} users and ${counts.items} movies; test ratings by fold: ${tests.join(', ')}`,
  );
  if (perUser !== undefined && counts.usersWithFewer !== undefined && counts.usersWithFewer > 0) {
    const what = fewer === 'keep' ? 'keep what they have' : 'are left out';
    say?.(`${counts.usersWithFewer} users have fewer than ${perUser} ratings and ${what}`);
  }
  return first;
}

/**
 * What looks doubtful about the threshold, in sentences.
 *
 * @throws UsageError when all test ratings of a fold are relevant and lists of all items are not
 * asked for, or none is.
 */
export function thresholdWarnings(
  experiment: Experiment,
  { scale }: Pick<ExperimentData, 'scale'>,
  { scenario: { ratings, splits } }: ScenarioData,
): string[] {
  const { scenarios, threshold, thresholdRule, protocol } = experiment;
  if (ratesAlike(experiment)) return [];
  const isLast = protocol !== 'catalogue' && scenarios.includes('leave-last-out');
  const single = isLast
    ? [
        "leave-last-out tests one rating of each user, which is first in any order: rank all items (`protocol: 'catalogue'`)",
      ]
    : [];
  const warnings = splits.flatMap(({ test }) => {
    const values = decimalRatings(Float32Array.from(test, (row) => ratings.values[row] as number));
    try {
      return checkThreshold(values, { threshold, thresholdRule, scale }) ?? [];
    } catch (error) {
      // Lists of all items need no other ratings than relevant ones.
      const isRelevant = (value: number) => (thresholdRule === 'gt' ? value > threshold : value >= threshold);
      if (protocol === 'catalogue' && error instanceof UsageError && values.every(isRelevant)) return error.message;
      throw error;
    }
  });
  return [...single, ...new Set(warnings)];
}

/** The smallest size over all seeds, because some seeds may draw ratings of fewer movies. */
export function sizeOf(
  first: ScenarioCounts,
  results: readonly PointResult[],
): { readonly movies: number; readonly users: number } {
  return {
    movies: Math.min(first.items, ...results.map(({ counts }) => counts.items)),
    users: Math.min(first.users, ...results.map(({ counts }) => counts.users)),
  };
}

/** The note below every table. */
export function noteOf(
  experiment: Experiment,
  { scale }: Pick<ExperimentData, 'scale'>,
  size: { readonly movies: number; readonly users: number },
  rows: readonly ExperimentRow[],
  { results, failed }: { readonly results: readonly PointResult[]; readonly failed: number },
): string {
  const { threshold, thresholdRule, undefined: undefinedRule, folds, perUser, split } = experiment;
  const drawn = perUser === undefined ? 'all ratings of each user' : `${perUser} ratings of each user`;
  const versions = [...new Set(results.map(({ software }) => software))];
  return [
    `${size.movies} movies x ${size.users} users, ${split === undefined ? drawn : 'a saved split'}`,
    `scale ${scale.minimum} to ${scale.maximum}${experiment.scale === undefined ? '' : ', as given'}`,
    `relevant and recommended: rating ${thresholdRule === 'gt' ? '>' : '>='} ${threshold}`,
    `users without a value ${undefinedRule === 'zero' ? 'count as 0' : 'are left out'}`,
    `mean of ${folds} folds${experiment.scenarios.some((name) => name !== 'given' && isTimed(name)) ? ' (by time: one split)' : ''}`,
    seedsText(experiment),
    learntText(results),
    ...(rows.some(({ use }) => use === 'not for selection')
      ? ['rows of a grid are not for selection: test figures must not choose (`select` chooses by the validation part)']
      : []),
    ...privacyTexts(results),
    ...(versions.length > 1 ? [`points are of different versions: ${versions.join(', ')}`] : []),
    ...(failed > 0 ? [`${failed} points failed: a recommender without them has no figures for that seed`] : []),
  ].join('; ');
}

/** The greatest epsilon of the points of each row that was trained privately. */
function privacyTexts(results: readonly PointResult[]): string[] {
  const byLabel = new Map<string, PrivacyGuarantee>();
  for (const { label, privacy } of results) {
    if (privacy && privacy.epsilon > (byLabel.get(label)?.epsilon ?? 0)) byLabel.set(label, privacy);
  }
  return [...byLabel].map(
    ([label, { unit, epsilon, delta, repeatable }]) =>
      `${label}: epsilon ${epsilon.toFixed(2)} at delta ${delta} for each ${unit} and fold, choices among rows not counted${repeatable ? `; ${seedIsKnown}` : ''}`,
  );
}

function seedsText({ seeds, splitSeeds }: Experiment): string {
  const data =
    splitSeeds === undefined ? '' : ` and data seed${splitSeeds.length > 1 ? 's' : ''} ${splitSeeds.join(', ')}`;
  const runs = seeds.length * (splitSeeds?.length ?? 1);
  if (runs === 1) return `seed ${seeds[0]}${data}`;
  const parts =
    splitSeeds === undefined || seeds.length < 2 ? '' : ' (between data seeds / between seeds of the recommender)';
  return `mean ± standard deviation${parts} over ${runs} runs of seeds ${seeds.join(', ')}${data}`;
}

function learntText(results: readonly PointResult[]): string {
  const refits = results.some(({ refit }) => refit);
  const judged = results.some(({ counts }) => counts.validation > 0);
  if (!judged) return 'all learn from the training part';
  return refits
    ? 'all learn from training and validation part'
    : 'all learn from the training part without the validation part';
}
