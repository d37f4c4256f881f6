import { checkOneOf, checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { type Modality, reductions, type StreamReduction } from '../../models/recommenders/neural/architectures.ts';
import type { SourceModality } from '../../models/recommenders/neural/feature-source.ts';
import type { NeuralOptions } from '../../models/recommenders/neural/neural-recommender.ts';
import type { Json } from '../graph.ts';
import { privacyOptions } from './private-options.ts';

/**
 * Options of a neural recommender in the form that `NeuralRecommender` takes, from those checked by
 * `checkRecommenderOptions`.
 *
 * @param streams the streams of the features; empty for a recommender that reads none.
 * @throws UsageError when modalities or LSTM units do not fit the streams.
 */
export function neuralOptions(
  options: Readonly<Record<string, Json>>,
  streams: readonly SourceModality[],
): Omit<NeuralOptions, 'pretrained' | 'checkpoint' | 'seed'> {
  const { batch, modalities, lstm, streamWeights, ...kept } = options;
  const { checkpointSteps: _steps, pretrained: _branches, dp: _dp, ...others } = kept;
  return {
    ...(others as NeuralOptions),
    batchSize: batch as number | undefined,
    privacy: privacyOptions(options),
    modalities: streams.length > 0 ? modalitiesOf(streams, modalities, lstm, streamWeights) : undefined,
  };
}

/** The streams that a recommender reads, with the LSTM units and the weight of each. */
export function modalitiesOf(
  streams: readonly SourceModality[],
  wanted: Json | undefined,
  lstm: Json | undefined,
  streamWeights: Json | undefined,
): readonly Modality[] {
  const names = wanted === undefined ? streams.map(({ name }) => name) : namesOf(wanted);
  const units = unitsByStream(lstm, names);
  const weights = weightsByStream(streamWeights, names);
  return names.map((name) => {
    const stream = streams.find((each) => each.name === name);
    if (stream === undefined) {
      throw new UsageError(`\`modalities\` names '${name}', but the features have no such stream`, {
        remedy: `They have ${streams.map((each) => `${each.name} (${each.steps} x ${each.dimension})`).join(', ')}.`,
      });
    }
    return { ...stream, lstm: units.get(name), weight: weights.get(name) };
  });
}

/** The reduction of streams that an option names. @throws UsageError for any other. */
export function reductionOf(value: Json | undefined): StreamReduction {
  return checkOneOf('reduction', value ?? 'pca', reductions);
}

function namesOf(value: Json): string[] {
  const names = typeof value === 'string' ? [value] : value;
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')) return [...names];
  throw new UsageError(`\`modalities\` must be a list of stream names, but is ${shown(value)}`, {
    option: 'modalities',
  });
}

function unitsByStream(lstm: Json | undefined, names: readonly string[]): ReadonlyMap<string, number[]> {
  if (lstm === undefined) return new Map();
  if (Array.isArray(lstm)) return new Map(names.map((name) => [name, unitList('lstm', lstm)]));
  if (typeof lstm !== 'object' || lstm === null) {
    throw new UsageError(
      `\`lstm\` must be a list of units, or an object with one for each stream, but is ${shown(lstm)}`,
    );
  }
  const unknown = Object.keys(lstm).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`\`lstm\` has units for '${unknown}', but the modalities are ${names.join(', ')}`, {
      option: 'lstm',
    });
  }
  return new Map(Object.entries(lstm).map(([name, units]) => [name, unitList(`lstm.${name}`, units as Json)]));
}

function weightsByStream(weights: Json | undefined, names: readonly string[]): ReadonlyMap<string, number> {
  if (weights === undefined) return new Map();
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights)) {
    throw new UsageError(`\`streamWeights\` must be an object with a number for each stream, but is ${shown(weights)}`);
  }
  for (const [name, weight] of Object.entries(weights)) {
    if (!names.includes(name)) {
      throw new UsageError(`\`streamWeights\` has a weight for '${name}', but the modalities are ${names.join(', ')}`);
    }
    checkPositive(`streamWeights.${name}`, weight);
  }
  return new Map(Object.entries(weights as Record<string, number>));
}

function unitList(name: string, units: Json): number[] {
  if (Array.isArray(units) && units.length > 0 && units.every((each) => Number.isSafeInteger(each) && each >= 1)) {
    return [...units] as number[];
  }
  throw new UsageError(`\`${name}\` must be a list of integers of at least 1, but is ${shown(units)}`);
}
