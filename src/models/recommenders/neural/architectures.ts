import { checkInteger, checkOneOf, checkPositive, checkString } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { type LossOptions, type RatingLoss, ratingLoss } from './rating-loss.ts';

/**
 * A stream of item features, and how a neural recommender reads it. A new modality is one more
 * entry in a list.
 */
export interface Modality {
  /** Name of the stream in the training store, such as `visual`. */
  readonly name: string;
  /** Values per subclip. */
  readonly dimension: number;
  /** Subclips per item. */
  readonly steps: number;
  /**
   * Units of each LSTM layer, first to last. Default [32] in the residual form, which has none for
   * items of a single subclip, and [128, 64] in the thesis's.
   */
  readonly lstm?: readonly number[] | undefined;
  /**
   * Residual form only: weight of the stream's values relative to the others'. Default: 1 for a
   * stream of zeros and ones (such as genres); the other streams share a weight of 1, or of 0.5
   * beside such a stream, so that many noisy columns do not drown out a few good ones.
   */
  readonly weight?: number | undefined;
}

/** The deep recommenders. */
export const neuralRecommenderNames = ['regsvd-adam', 'gmf', 'deepcf', 'dcf-av-1', 'dcf-av-2', 'lstm-av'] as const;

/** Name of a deep recommender. */
export type NeuralRecommenderName = (typeof neuralRecommenderNames)[number];

/**
 * The two forms of an audiovisual network. `residual`: the user's own mean, plus a term of the
 * content, plus a term of the item's ratings if it has any. `thesis`: the layout of the thesis,
 * where embeddings and content pass through joint layers to a sigmoid; the random embedding of an
 * unrated item counts too.
 */
export const networkForms = ['residual', 'thesis'] as const;

/**
 * How a network of the residual form pools the subclips of an item: `last`, their mean and the last
 * state of LSTM layers; `mean`, only their mean; `attention`, means with learnt weights.
 */
export const poolings = ['last', 'mean', 'attention'] as const;

/** How a network pools the subclips of an item. */
export type Pooling = (typeof poolings)[number];

/**
 * How a stream of many columns is reduced to a few: `pca`, its principal components; `gini`, the
 * columns whose best single split separates highly rated items best.
 */
export const reductions = ['pca', 'gini'] as const;

/** How a stream of many columns is reduced to a few. */
export type StreamReduction = (typeof reductions)[number];

/** The form of an audiovisual network. */
export type NetworkForm = (typeof networkForms)[number];

/** Shape of a deep recommender. */
export interface ArchitectureOptions extends LossOptions {
  /**
   * For audiovisual recommenders. Default `residual`; the others have only the thesis's form.
   */
  readonly form?: NetworkForm | undefined;
  /** Width of each embedding. Default 64, in the residual form 32. */
  readonly embedding?: number | undefined;
  /**
   * Units of the dense layers, first to last; their number is the depth. Default [32, 16, 8], and
   * [32, 16] for `lstm-av` and in the residual form, where `lstm-av` has none.
   */
  readonly widths?: readonly number[] | undefined;
  /**
   * Thesis's form only: how many of the dense layers each branch has before the branches join; 0
   * joins embeddings and LSTM outputs. Default 2.
   */
  readonly join?: number | undefined;
  /** Share of the values dropped after each dense layer. Default 0.2. */
  readonly dropout?: number | undefined;
  /**
   * Thesis's form only: weight of the audiovisual branch where the branches join: a number, or
   * `learnt` (starting at 1). Default 1.
   */
  readonly beta?: number | 'learnt' | undefined;
  /** Streams of features; none for the recommenders that use ratings only. */
  readonly modalities?: readonly Modality[] | undefined;
  /** Whether there is batch normalisation between each dense layer and its ReLU. Default false. */
  readonly batchNormalisation?: boolean | undefined;
  /**
   * Residual form only: share of the ratings that are trained as if only the content of their items
   * were known (DropoutNet, Volkovs et al. 2017), so that content learns to predict on its own.
   * Default 0.5.
   */
  readonly coldRate?: number | undefined;
  /**
   * Residual form only: number of networks trained side by side from different initial weights; the
   * prediction is their mean. Default 3.
   */
  readonly fits?: number | undefined;
  /**
   * Residual form only: number of principal components that a wider stream is reduced to. Default
   * 20.
   */
  readonly components?: number | undefined;
  /** In the residual form, how a stream is reduced to `components`. Default `pca`. */
  readonly reduction?: StreamReduction | undefined;
  /** In the residual form, how an item's subclips are pooled. Default `last`. */
  readonly pool?: Pooling | undefined;
}

/** A modality with its defaults filled in. */
export interface ReadModality {
  readonly name: string;
  readonly dimension: number;
  readonly steps: number;
  readonly lstm: readonly number[];
  /** Undefined: derived from the values of the stream. */
  readonly weight: number | undefined;
  readonly components: number;
  readonly pool: Pooling;
  readonly reduction: StreamReduction;
}

/** A checked architecture with its defaults filled in. */
export interface NeuralArchitecture {
  readonly form: NetworkForm;
  readonly embedding: number;
  readonly widths: readonly number[];
  readonly join: number;
  readonly dropout: number;
  readonly beta: number | 'learnt';
  readonly modalities: readonly ReadModality[];
  readonly batchNormalisation: boolean;
  readonly coldRate: number;
  readonly fits: number;
  readonly ratingLoss: RatingLoss;
}

/** Whether a recommender reads features of items. */
export function readsFeatures(model: NeuralRecommenderName): boolean {
  return model !== 'regsvd-adam' && model !== 'gmf' && model !== 'deepcf';
}

/** The form that the options choose. @throws UsageError if the recommender has no such form. */
export function formOf(model: NeuralRecommenderName, form: NetworkForm | undefined): NetworkForm {
  if (!readsFeatures(model)) {
    if (form === undefined || form === 'thesis') return 'thesis';
    throw new UsageError(`\`form\` of recommender '${model}' must be 'thesis', but is ${JSON.stringify(form)}`);
  }
  return checkOneOf('form', form ?? 'residual', networkForms);
}

/** Options that only one of the forms has. */
const ofOneForm = {
  thesis: ['join', 'beta'],
  residual: ['coldRate', 'fits', 'components', 'pool', 'reduction'],
} as const;

function checkForm(form: NetworkForm, options: ArchitectureOptions): void {
  const other = form === 'residual' ? 'thesis' : 'residual';
  for (const name of ofOneForm[other]) {
    if (options[name] === undefined) continue;
    throw new UsageError(`\`${name}\` is an option of the form '${other}', but the network has the form '${form}'`, {
      remedy: `Leave it out, or give \`form: '${other}'\`.`,
    });
  }
}

function checkModality(form: NetworkForm, components: number, pool: Pooling, reduction: StreamReduction) {
  return ({ name, dimension, steps, weight, lstm }: Modality, index: number): ReadModality => {
    const at = `modalities[${index}]`;
    if (pool !== 'last' && lstm !== undefined) {
      throw new UsageError(`\`lstm\` has no effect with \`pool: '${pool}'\`, which has no LSTM layers`, {
        option: 'lstm',
      });
    }
    const layers = lstm ?? (form === 'thesis' ? [128, 64] : steps > 1 && pool === 'last' ? [32] : []);
    if (form === 'thesis' && layers.length === 0) {
      throw new UsageError(`\`${at}.lstm\` must have at least one layer, but is empty`);
    }
    return {
      name: checkString(`${at}.name`, name),
      dimension: checkInteger(`${at}.dimension`, dimension),
      steps: checkInteger(`${at}.steps`, steps),
      lstm: layers.map((units, layer) => checkInteger(`${at}.lstm[${layer}]`, units)),
      weight: weight === undefined ? undefined : checkPositive(`${at}.weight`, weight),
      components: Math.min(components, dimension),
      ...{ pool, reduction },
    };
  };
}

/** A share of at least 0 and below 1. */
function checkShare(name: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`\`${name}\` must be at least 0 and below 1, but is ${value}`);
}

/**
 * Checks the options of a recommender and fills in its defaults.
 *
 * @throws UsageError if an option is out of range or belongs to another form, or the recommender
 * and its modalities do not match.
 */
export function architectureOf(model: NeuralRecommenderName, options: ArchitectureOptions = {}): NeuralArchitecture {
  checkOneOf('recommender', model, neuralRecommenderNames);
  const form = formOf(model, options.form);
  checkForm(form, options);
  const isResidual = form === 'residual';
  const narrow = isResidual || model === 'lstm-av';
  const { modalities = [], beta = 1, widths = narrow ? [32, 16] : [32, 16, 8] } = options;
  for (const [index, units] of widths.entries()) checkInteger(`widths[${index}]`, units);
  if (beta !== 'learnt') checkPositive('beta', beta, { zero: true });
  if (readsFeatures(model) !== modalities.length > 0) {
    throw new UsageError(
      readsFeatures(model)
        ? `\`modalities\` must name at least one stream for recommender '${model}', but is empty`
        : `\`modalities\` must be empty for recommender '${model}', which uses ratings only, but has ${modalities.length}`,
    );
  }
  const pool = checkOneOf('pool', options.pool ?? 'last', poolings);
  const reduction = checkOneOf('reduction', options.reduction ?? 'pca', reductions);
  const components = checkInteger('components', options.components ?? 20);
  const checked = modalities.map(checkModality(form, components, pool, reduction));
  const names = new Set(checked.map(({ name }) => name));
  if (names.size < checked.length) throw new UsageError('`modalities` must have different names');
  return {
    form,
    embedding: checkInteger('embedding', options.embedding ?? (isResidual ? 32 : 64)),
    widths,
    join: checkInteger('join', options.join ?? Math.min(2, widths.length), 0, widths.length),
    dropout: checkShare('dropout', options.dropout ?? 0.2),
    beta,
    modalities: checked,
    batchNormalisation: options.batchNormalisation ?? false,
    coldRate: checkShare('coldRate', options.coldRate ?? 0.5),
    fits: checkInteger('fits', options.fits ?? 3),
    ratingLoss: ratingLoss(options),
  };
}
