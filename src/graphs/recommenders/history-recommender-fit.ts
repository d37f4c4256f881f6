import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import type { HistoryDefinition } from '../../models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../models/recommenders/history/history-recommender.ts';
import type { ItemVectors } from '../../models/recommenders/item-vectors.ts';
import type { PairDefinition } from '../../models/recommenders/pairs/pair-network.ts';
import { PairRecommender } from '../../models/recommenders/pairs/pair-recommender.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import { memoryLimit } from '../plan.ts';
import { usualComponents } from './classic-recommenders.ts';
import { EpochPace } from './epoch-pace.ts';
import { checkpointOf, identityOf, rowsOf } from './epoch-training.ts';
import {
  type FitData,
  type FitOptions,
  type FitProgress,
  type FittedRecommender,
  trainingRatings,
} from './fit-data.ts';
import { type HistoryRecommenderName, type HistoryRecord, historyRecord } from './history-recommenders.ts';
import { implicitOptions } from './implicit-options.ts';
import { modalitiesOf } from './neural-options.ts';
import { pairSources } from './pair-sources.ts';
import { requiredFeatures } from './required-features.ts';
import { TrainingLog } from './training-log.ts';
import { validationFigures } from './validation-figures.ts';

/** Options of the training, not of the network. */
type TrainingKeys = 'batch' | 'epochs' | 'patience' | 'patienceSteps' | 'learningRate' | 'l2' | 'memory';

/** Makes the recommender with these options, which has learnt nothing yet. @throws UsageError. */
export function historyRecommender(
  model: HistoryRecommenderName,
  options: Readonly<Record<string, Json>>,
  run: ConstructorParameters<typeof HistoryRecommender>[2] = {},
): HistoryRecommender<never> | PairRecommender<never> {
  const { batch, epochs, patience, patienceSteps, learningRate, l2, memory, ...others } = options;
  const { checkpointSteps: _steps, modalities: _m, components: _c, streamWeights: _w, ...own } = others;
  const training = { epochs, patience, patienceSteps, learningRate, l2 } as Readonly<
    Record<Exclude<TrainingKeys, 'batch' | 'memory'>, number | undefined>
  >;
  const { definition } = historyRecord(model) as HistoryRecord;
  const trained = {
    ...training,
    batchSize: batch as number | undefined,
    memory: memoryLimit({ memory: memory as string | undefined }),
    ...run,
  };
  return isOfPairs(definition)
    ? new PairRecommender(definition, own as never, trained)
    : new HistoryRecommender(definition, own as never, trained);
}

function isOfPairs(definition: HistoryDefinition<never> | PairDefinition<never>): definition is PairDefinition<never> {
  return 'reads' in definition;
}

/** Fits a recommender that reads histories, or is a network of pairs. */
export async function fitHistoryRecommender(
  model: HistoryRecommenderName,
  given: Readonly<Record<string, Json>>,
  data: FitData,
  run: FitOptions,
): Promise<FittedRecommender> {
  const { readsFeatures } = historyRecord(model) as HistoryRecord;
  const features = readsFeatures?.(given) ? requiredFeatures(model, data) : undefined;
  const learnt = rowsOf(data, run.refit !== undefined);
  const training = trainingRatings(learnt, learnt.train);
  const options = implicitOptions(model, given, training.values, data.scale);
  const validation = trainingRatings(learnt, learnt.validation);
  const started = performance.now();
  const tell = (progress: FitProgress | undefined) => progress && run.onProgress?.(progress);
  const recommender = historyRecommender(model, options, {
    ...run.refit,
    seed: run.seed,
    signal: run.signal,
    device: run.device,
    onMessage: (sentence) => run.onMessage?.(sentence),
    ...checkpointOf(options, run, identityOf(training, validation, run, features)),
    onProgress: (progress) => tell(pace.inside(progress)),
    onEpoch: async (record) => {
      log?.add(record, await recommender.weights());
      tell(pace.ended(record));
    },
  });
  const pace = new EpochPace(recommender.epochs);
  const log = run.logDirectory === undefined ? undefined : new TrainingLog(run.logDirectory);
  try {
    const { history, bestEpoch, bestLoss, resumedFrom } =
      recommender instanceof PairRecommender
        ? await recommender.fit(training, validation, await pairSources(training, data, features, options, run.seed))
        : await recommender.fit(
            training,
            validation,
            features && (await vectorsOf(training, features, options, run.seed)),
          );
    return {
      name: model,
      predicts: recommender.predicts,
      trainSeconds: (performance.now() - started) / 1000,
      validation: await validationFigures(training, validation, recommender.predicts, (users, items) =>
        recommender.predict(users, items),
      ),
      history,
      best: { epoch: bestEpoch, loss: bestLoss },
      resumed: resumedFrom !== undefined,
      predict: (users, items) => recommender.predict(users, items),
      score: (users, items) => recommender.score(users, items),
      scoreNewUser: recommender.servesNewUsers ? (own, items) => recommender.scoreNewUser(own, items) : undefined,
      weights: () => recommender.weights(),
      shapes: recommender.shapes,
      close: () => recommender.close(),
    };
  } catch (error) {
    await recommender.close();
    throw error;
  } finally {
    log?.close();
  }
}

function vectorsOf(
  training: TrainingRatings,
  features: ReturnType<typeof requiredFeatures>,
  { modalities, components, streamWeights }: Readonly<Record<string, Json>>,
  seed: number,
): Promise<ItemVectors> {
  features.check(training.items);
  const streams = modalitiesOf(features.modalities, modalities, undefined, streamWeights);
  const has = (item: number) => features.has(item);
  return contentVectors(training, features, streams, {
    components: (components as number) ?? usualComponents,
    seed,
    has,
  });
}
