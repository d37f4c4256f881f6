import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import type { HistoryDefinition } from '../../models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../models/recommenders/history/history-recommender.ts';
import type { ItemVectors } from '../../models/recommenders/item-vectors.ts';
import type { PairDefinition } from '../../models/recommenders/pairs/pair-network.ts';
import { PairRecommender } from '../../models/recommenders/pairs/pair-recommender.ts';
import { noPrivacy } from '../../models/recommenders/private-batches.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import { memoryLimit } from '../plan.ts';
import { usualComponents } from './classic-recommenders.ts';
import { collapseOf } from './collapse.ts';
import { type DefinedRecommenderName, type DefinedRecord, definedRecord } from './defined-recommenders.ts';
import { fitInEpochs, rowsOf } from './epoch-training.ts';
import { type FitData, type FitOptions, type FittedRecommender, trainingRatings } from './fit-data.ts';
import { implicitOptions } from './implicit-options.ts';
import { modalitiesOf, reductionOf } from './neural-options.ts';
import { pairSources } from './pair-sources.ts';
import { privacyOptions } from './private-options.ts';
import { requiredFeatures } from './required-features.ts';

/** Options of the training, not of the network. */
type TrainingKeys = 'batch' | 'epochs' | 'patience' | 'patienceSteps' | 'learningRate' | 'l2' | 'memory';

/** Makes an untrained recommender with these options. @throws UsageError. */
export function definedRecommender(
  model: DefinedRecommenderName,
  options: Readonly<Record<string, Json>>,
  run: ConstructorParameters<typeof HistoryRecommender>[2] = {},
): HistoryRecommender<never> | PairRecommender<never> {
  const { batch, epochs, patience, patienceSteps, learningRate, l2, memory, dp: _dp, ...others } = options;
  const { checkpointSteps: _steps, modalities: _m, components: _c, reduction: _r, streamWeights: _w, ...own } = others;
  const training = { epochs, patience, patienceSteps, learningRate, l2 } as Readonly<
    Record<Exclude<TrainingKeys, 'batch' | 'memory'>, number | undefined>
  >;
  const { definition } = definedRecord(model) as DefinedRecord;
  const trained = {
    ...training,
    batchSize: batch as number | undefined,
    memory: memoryLimit({ memory: memory as string | undefined }),
    ...run,
  };
  if (isOfPairs(definition)) return new PairRecommender(definition, own as never, trained);
  return new HistoryRecommender(definition, own as never, { privacy: privacyOptions(options), ...trained });
}

function isOfPairs(definition: HistoryDefinition<never> | PairDefinition<never>): definition is PairDefinition<never> {
  return 'reads' in definition;
}

/** Fits a recommender made from a definition. */
export async function fitDefinedRecommender(
  model: DefinedRecommenderName,
  given: Readonly<Record<string, Json>>,
  data: FitData,
  run: FitOptions,
): Promise<FittedRecommender> {
  const { readsFeatures, watchesCollapse } = definedRecord(model) as DefinedRecord;
  const features = readsFeatures?.(given) ? requiredFeatures(model, data) : undefined;
  const learnt = rowsOf(data, run.refit !== undefined);
  const training = trainingRatings(learnt, learnt.train);
  const options = implicitOptions(model, given, training.values, data.scale);
  const validation = trainingRatings(learnt, learnt.validation);
  const isPrivate = privacyOptions(options) !== undefined;
  const started = performance.now();
  const { recommender, fitted } = await fitInEpochs(
    {
      ...{ name: model, options, training, validation, features, started },
      make: (own) => definedRecommender(model, options, own),
      train: async (made) => {
        const result =
          made instanceof PairRecommender
            ? await made.fit(training, validation, await pairSources(training, data, features, options, run.seed))
            : await made.fit(
                training,
                isPrivate ? undefined : validation,
                features && (await vectorsOf(model, training, features, options, run.seed, isPrivate)),
              );
        if (watchesCollapse) {
          const found = await collapseOf(model, training, (users, items) => made.score(users, items));
          run.onMessage?.(found.text, { isWarning: found.isCollapsed });
        }
        return result;
      },
    },
    run,
  );
  if (!recommender.servesNewUsers) return fitted;
  return { ...fitted, scoreNewUser: (own, items) => recommender.scoreNewUser(own, items) };
}

/**
 * One vector for each item from its features. In a private training, the reduction is fitted on all
 * items that have features, because which of them are rated is not public.
 */
function vectorsOf(
  model: DefinedRecommenderName,
  training: TrainingRatings,
  features: ReturnType<typeof requiredFeatures>,
  { modalities, components, reduction, streamWeights }: Readonly<Record<string, Json>>,
  seed: number,
  isPrivate: boolean,
): Promise<ItemVectors> {
  features.check(training.items);
  const streams = modalitiesOf(features.modalities, modalities, undefined, streamWeights);
  const has = (item: number) => features.has(item);
  if (isPrivate && reduction === 'gini') {
    throw noPrivacy(model, '`reduction: gini` looks at what is liked, without noise', 'Leave out `reduction`.');
  }
  return contentVectors(isPrivate ? publicItems(training, has) : training, features, streams, {
    components: (components as number) ?? usualComponents,
    ...{ seed, has, reduction: reductionOf(reduction) },
  });
}

/** Every item with features, as if each had one and the same rating: what may be known of all. */
function publicItems(training: TrainingRatings, has: (item: number) => boolean): TrainingRatings {
  const items = Int32Array.from({ length: training.itemCount }, (_, item) => item).filter(has);
  const { minimum, maximum } = training.scale;
  return {
    ...training,
    ...{
      users: new Int32Array(items.length),
      items,
      values: new Float32Array(items.length).fill((minimum + maximum) / 2),
    },
  };
}
