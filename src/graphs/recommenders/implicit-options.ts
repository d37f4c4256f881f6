import { UsageError } from '../../core/errors.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { Json } from '../graph.ts';
import { definedRecord } from './defined-recommenders.ts';

/**
 * Default number of negatives for each rating that only says what was chosen (He et al. 2017).
 */
const usualNegatives = 4;

/** The losses with gains of 2^rating, which overflow on a wider scale. */
const lossesOfGains: readonly unknown[] = ['softmax', 'lambdarank'];
const widestOfGains = 100;

/** Whether ratings only say what was chosen: all have the highest value of the scale. */
export function areImplicit(values: Float32Array, { minimum, maximum }: RatingScale): boolean {
  return values.length > 0 && minimum < maximum && values.every((value) => value === maximum);
}

/**
 * The options of a neural recommender for these ratings: from choices it learns with `bpr` and four
 * negatives each, unless the options say otherwise.
 *
 * @throws UsageError when `negatives` are given although the ratings distinguish good from bad;
 * when all ratings are equal, but not the highest; when the gains of a loss overflow on the scale.
 */
export function implicitOptions(
  model: string,
  options: Readonly<Record<string, Json>>,
  values: Float32Array,
  scale: RatingScale,
): Readonly<Record<string, Json>> {
  const definition = definedRecord(model)?.definition;
  if (definition?.predicts === 'scores') return options;
  if (areImplicit(values, scale) && definition === undefined)
    return { loss: 'bpr', negatives: usualNegatives, ...options };
  if (values.length > 0 && values.every((value) => value === values[0])) {
    throw new UsageError(
      `all ${values.length} ratings are ${values[0]}: recommender ${model} has nothing to learn from them`,
      { code: 'ratings', remedy: "Read them as what was chosen (`implicit: 'any'`), or give ratings that differ." },
    );
  }
  checkGains(options, scale);
  if (options.negatives === undefined) return options;
  throw new UsageError('`negatives` go with ratings that only say what was chosen, but these ratings differ', {
    option: 'negatives',
    remedy: "Read them as what was chosen (`implicit: 'ge:4'`), or leave out `negatives`.",
  });
}

function checkGains({ loss }: Readonly<Record<string, Json>>, { minimum, maximum }: RatingScale): void {
  if (!lossesOfGains.includes(loss) || maximum - minimum <= widestOfGains) return;
  throw new UsageError(
    `the loss '${loss}' weighs a rating by 2^rating, which overflows on a scale of ${minimum} to ${maximum}`,
    {
      option: 'loss',
      remedy: 'Use the loss `bpr`, for which only the order of ratings counts, or rescale the ratings.',
    },
  );
}
