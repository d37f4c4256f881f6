import { join } from 'node:path';
import type { ExperimentConfig } from '../../src/graphs/experiment/experiment-config.ts';
import { runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { type SeedMean, seedMean } from '../../src/graphs/experiment/summarise.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import { type ItemMeans, itemMeans } from '../demo/item-means.ts';
import type { PlantedCorpus } from './corpus.ts';
import type { PlantedFeatures } from './features.ts';
import { REGIONS } from './networks.ts';
import { type RidgeFigures, type RidgeInput, ridgeFigures } from './ridge-rows.ts';

/** The name of the store whose link to the ratings is cut. */
const SHUFFLED = 'shuffled';

/** What is compared on a planted corpus. */
export interface EvidenceOptions {
  readonly recommenders: readonly string[];
  readonly scenarios: readonly ('non-cold' | 'hard-cold')[];
  readonly seeds: readonly number[];
  /** Neural recommenders that train at the same time. Default: one per processor. */
  readonly concurrency?: number | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
}

/**
 * One model in one scenario: mean and sample deviation over seeds, each seed a mean of its folds.
 */
export interface EvidenceRow {
  readonly scenario: 'non-cold' | 'hard-cold';
  /**
   * The recommender, followed by `(shuffled)` if the link was cut. Ridge regressions:
   * `mean-colour`, `mean-features`.
   */
  readonly label: string;
  readonly auc: SeedMean;
  /** NDCG@4, exponential gain. */
  readonly ndcg: SeedMean;
  readonly rmse: SeedMean;
}

/**
 * Compares recommenders on a planted corpus with `runExperiment`, with the results in `experiment/`
 * next to the clips, and adds two rows of ridge regressions on the same folds: on each clip's mean
 * colour, and on the mean features of both streams, which reflect every frame but not their order.
 *
 * @throws as `runExperiment` does; Error when a point of the experiment failed.
 */
export async function plantedEvidence(
  corpus: PlantedCorpus,
  features: PlantedFeatures,
  options: EvidenceOptions,
): Promise<EvidenceRow[]> {
  const inputs = await ridgeInputs(features.dataset);
  const found: EvidenceRow[] = [];
  for (const scenario of options.scenarios) {
    const config = configOf(scenario, corpus, features, options);
    const { rows, failures } = await runExperiment(config, {
      out: join(corpus.directory, 'experiment', scenario),
      onMessage: options.onMessage,
    });
    const [failure] = failures;
    if (failure) throw new Error(`${failure.label}, seed ${failure.seed}: ${failure.error.message}`);
    found.push(...ridgeRows(await ridgeFigures(config, inputs)));
    for (const { recommender: model, features: store, metrics } of rows) {
      const label = store === SHUFFLED ? `${model} (shuffled)` : model;
      const of = (metric: string) => metrics[metric] ?? seedMean([]);
      found.push({ scenario, label, auc: of('auc'), ndcg: of('ndcg@4'), rmse: of('rmse') });
    }
  }
  return found;
}

/**
 * In the hard-cold start the recommenders that see clips are compared with themselves after the
 * link has been cut.
 */
function configOf(
  scenario: EvidenceRow['scenario'],
  corpus: PlantedCorpus,
  features: PlantedFeatures,
  { recommenders, seeds, concurrency }: EvidenceOptions,
): ExperimentConfig {
  const cut = scenario === 'hard-cold' ? { [SHUFFLED]: features.shuffledStore } : {};
  return {
    ...{ ratings: corpus.directory, features: { linked: features.store, ...cut } },
    ...{ recommenders, scenarios: [scenario], seeds, k: [4] },
    concurrency,
  };
}

/** Rows as an aligned text table, one scenario after the other. */
export function evidenceTable(rows: readonly EvidenceRow[]): string[] {
  const cell = ({ mean, deviation }: SeedMean) =>
    Number.isNaN(deviation) ? mean.toFixed(3) : `${mean.toFixed(3)} ±${deviation.toFixed(3)}`;
  return alignedRows([
    ['scenario, recommender', 'AUC', 'NDCG@4', 'RMSE'],
    ...rows.map(({ scenario, label, auc, ndcg, rmse }) => [
      ...[`${scenario}  ${label}`, cell(auc), cell(ndcg), cell(rmse)],
    ]),
  ]);
}

/**
 * Mean colours, and mean features of both streams, of a dataset made with the cards of
 * `writePlantedNetworks`.
 */
async function ridgeInputs(dataset: string): Promise<RidgeInput[]> {
  const [looks, sounds] = [await itemMeans(dataset, 'visual'), await itemMeans(dataset, 'audio')];
  const both: ItemMeans = new Map(
    [...looks].map(([id, look]) => [id, Float32Array.of(...look, ...(sounds.get(id) ?? []))]),
  );
  return [
    { name: 'mean-colour', vectors: new Map([...looks].map(([id, look]) => [id, meanColour(look)])) },
    { name: 'mean-features', vectors: both },
  ];
}

/**
 * Red, green and blue: the mean over a clip's four regions, with which the features begin, channel
 * by channel.
 */
function meanColour(look: Float32Array): Float32Array {
  const channel = (start: number) => look.subarray(start, start + REGIONS).reduce((sum, value) => sum + value, 0);
  return Float32Array.of(...[0, 1, 2].map((index) => channel(index * REGIONS) / REGIONS));
}

function ridgeRows(figures: readonly RidgeFigures[]): EvidenceRow[] {
  return [...new Set(figures.map(({ label }) => label))].flatMap((label) => {
    const own = figures.filter((each) => each.label === label);
    const [first] = own;
    if (first === undefined) return [];
    const over = (metric: 'auc' | 'ndcg' | 'rmse') => seedMean(own.map((each) => each[metric]));
    return [{ scenario: first.scenario, label, auc: over('auc'), ndcg: over('ndcg'), rmse: over('rmse') }];
  });
}
