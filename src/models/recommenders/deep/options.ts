import { checkInteger, checkOneOf, checkPositive, checkString } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';

/**
 * A stream of features that items have, and the LSTM layers that read it. A new modality is one more entry of a list.
 */
export interface Modality {
  /** Name of the stream in the training store, such as `visual`. */
  readonly name: string;
  /** Values per subclip. */
  readonly dimension: number;
  /** Subclips per item. */
  readonly steps: number;
  /** Units of each LSTM layer, first to last. */
  readonly lstm?: readonly number[];
}

/** The deep recommenders. */
export const deepModels = ['gmf', 'deepcf', 'dcf-av-1', 'dcf-av-2', 'lstm-av'] as const;

/** Name of a deep recommender. */
export type DeepModel = (typeof deepModels)[number];

/** Shape of a deep recommender. */
export interface ArchitectureOptions {
  /** Width of each embedding. Default 64. */
  readonly embedding?: number | undefined;
  /**
   * Units of the dense layers, first to last; their number is the depth. Default [32, 16, 8], and [32, 16] for
   * `lstm-av`.
   */
  readonly widths?: readonly number[] | undefined;
  /**
   * How many of the dense layers each branch has for itself before the branches join; 0 joins embeddings and LSTM
   * outputs. Default 2.
   */
  readonly join?: number | undefined;
  /** Share of the values dropped after each dense layer. Default 0.2. */
  readonly dropout?: number | undefined;
  /** Weight of the audiovisual branch where the branches join: a number, or `learnt` (starting at 1). Default 1. */
  readonly beta?: number | 'learnt' | undefined;
  /** Streams of features; none for the models that use ratings only. */
  readonly modalities?: readonly Modality[] | undefined;
  /** Whether dense layers are followed by batch normalisation, before their ReLU. Default no. */
  readonly batchNormalisation?: boolean | undefined;
}

/** A checked architecture with its defaults filled in. */
export interface Architecture {
  readonly embedding: number;
  readonly widths: readonly number[];
  readonly join: number;
  readonly dropout: number;
  readonly beta: number | 'learnt';
  readonly modalities: readonly (Modality & { readonly lstm: readonly number[] })[];
  readonly batchNormalisation: boolean;
}

/** Whether a model reads features of items. */
export function readsFeatures(model: DeepModel): boolean {
  return model !== 'gmf' && model !== 'deepcf';
}

function checkModality({ name, dimension, steps, lstm = [128, 64] }: Modality, index: number) {
  const at = `modalities[${index}]`;
  if (lstm.length === 0) throw new UsageError(`\`${at}.lstm\` must have at least one layer, but is empty`);
  return {
    name: checkString(`${at}.name`, name),
    dimension: checkInteger(`${at}.dimension`, dimension),
    steps: checkInteger(`${at}.steps`, steps),
    lstm: lstm.map((units, layer) => checkInteger(`${at}.lstm[${layer}]`, units)),
  };
}

/**
 * Checks the options of a model and fills in its defaults.
 *
 * @throws UsageError when an option is out of range, or the model and its modalities do not fit.
 */
export function architectureOf(model: DeepModel, options: ArchitectureOptions = {}): Architecture {
  checkOneOf('model', model, deepModels);
  const { embedding = 64, widths = model === 'lstm-av' ? [32, 16] : [32, 16, 8], dropout = 0.2, beta = 1 } = options;
  const { modalities = [], batchNormalisation = false } = options;
  const join = options.join ?? Math.min(2, widths.length);
  for (const [index, units] of widths.entries()) checkInteger(`widths[${index}]`, units);
  if (beta !== 'learnt') checkPositive('beta', beta, { zero: true });
  if (!(dropout >= 0 && dropout < 1)) {
    throw new UsageError(`\`dropout\` must be at least 0 and below 1, but is ${dropout}`);
  }
  if (readsFeatures(model) !== modalities.length > 0) {
    throw new UsageError(
      readsFeatures(model)
        ? `\`modalities\` must name at least one stream for model '${model}', but is empty`
        : `\`modalities\` must be empty for model '${model}', which uses ratings only, but has ${modalities.length}`,
    );
  }
  const checked = modalities.map(checkModality);
  const names = new Set(checked.map(({ name }) => name));
  if (names.size < checked.length) throw new UsageError('`modalities` must have different names');
  return {
    embedding: checkInteger('embedding', embedding),
    widths,
    join: checkInteger('join', join, 0, widths.length),
    dropout,
    beta,
    modalities: checked,
    batchNormalisation,
  };
}
