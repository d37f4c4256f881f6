import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import type { PretrainedBranches, WeightsByName } from '../../models/recommenders/neural/pretrained.ts';
import type { Json } from '../graph.ts';
import type { FitInputs, FittedRecommender } from './fit-data.ts';
import type { NeuralFitOptions } from './neural-recommender-fit.ts';
import { recommenderOptions } from './recommender-options.ts';
import { savedBranch } from './saved-branch.ts';

type Fit = (
  model: NeuralRecommenderName,
  options: Readonly<Record<string, Json>>,
  data: FitInputs,
  run: NeuralFitOptions,
) => Promise<FittedRecommender>;

/** The recommender as which each branch is trained. */
const branchRecommenders = { collaborative: 'deepcf', content: 'lstm-av' } as const;

/**
 * The weights that the branches of an audiovisual recommender start from, as its option
 * `pretrained` says.
 *
 * `true` trains `deepcf` on the same ratings, and for `dcf-av-2` `lstm-av` too (the content branch
 * of `dcf-av-1` knows no users, so it has no counterpart among the recommenders). They use the
 * options that they share with the recommender, and widths such that the layers before the join are
 * the same. An object names directories of saved recommenders instead: `{ collaborative: DIR,
 * content: DIR }`, one or both.
 *
 * @throws UsageError when the option is neither.
 */
export async function pretrainedBranches(
  model: NeuralRecommenderName,
  options: Readonly<Record<string, Json>>,
  data: FitInputs,
  run: NeuralFitOptions,
  trainBranch: Fit,
): Promise<PretrainedBranches | undefined> {
  const { pretrained } = options;
  if (pretrained === undefined || pretrained === false) return undefined;
  if (pretrained !== true) return savedBranches(pretrained, data);
  const collaborative = await trainedBranch('collaborative', options, data, run, trainBranch);
  if (model !== 'dcf-av-2') return { collaborative };
  return { collaborative, content: await trainedBranch('content', options, data, run, trainBranch) };
}

async function savedBranches(pretrained: Json, { ratings }: FitInputs): Promise<PretrainedBranches> {
  const named = typeof pretrained === 'object' && pretrained !== null ? Object.entries(pretrained) : [];
  const wrong = named.some(([branch, path]) => !Object.hasOwn(branchRecommenders, branch) || typeof path !== 'string');
  if (named.length === 0 || wrong) {
    throw new UsageError(
      `\`pretrained\` must be true, or { collaborative: DIR, content: DIR }, but is ${shown(pretrained)}`,
    );
  }
  const weights = new Map<string, WeightsByName>();
  for (const [branch, path] of named as [keyof typeof branchRecommenders, string][]) {
    weights.set(branch, await savedBranch(path, branchRecommenders[branch], ratings));
  }
  return Object.fromEntries(weights);
}

async function trainedBranch(
  branch: keyof typeof branchRecommenders,
  options: Readonly<Record<string, Json>>,
  data: FitInputs,
  run: NeuralFitOptions,
  trainBranch: Fit,
): Promise<WeightsByName> {
  const recommender = branchRecommenders[branch];
  const known = new Set(recommenderOptions(recommender).map(({ key }) => key));
  const shared = Object.fromEntries(Object.entries(options).filter(([key]) => known.has(key)));
  const { checkpoint, logDirectory, refit: _ofTheWhole, ...others } = run;
  const fitted = await trainBranch(recommender, { ...shared, ...widthsOfBranch(branch, options) }, data, {
    ...others,
    ...{ recommender, part: `the branch ${recommender}` },
    checkpoint: checkpoint && `${checkpoint}.${branch}`,
    logDirectory: logDirectory && `${logDirectory}/${branch}`,
  });
  try {
    return (await fitted.weights?.()) ?? new Map();
  } finally {
    await fitted.close?.();
  }
}

/** `lstm-av` ends where the branches would join. */
function widthsOfBranch(branch: keyof typeof branchRecommenders, { widths, join }: Readonly<Record<string, Json>>) {
  const all = (widths ?? [32, 16, 8]) as readonly number[];
  const joinedAt = (join ?? Math.min(2, all.length)) as number;
  return { widths: branch === 'content' ? all.slice(0, joinedAt) : all, join: joinedAt };
}
