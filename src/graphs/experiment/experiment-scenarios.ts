import { AskedOnce } from '../../core/asked-once.ts';
import { makeScenarioBeside } from '../../io/ratings/scenario-thread.ts';
import type { Scenario } from '../../io/ratings/scenarios.ts';
import type { GenreTable } from '../../models/genres.ts';
import { catalogueOf, genresOf } from '../recommenders/catalogue.ts';
import type { Experiment, ScenarioName } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import type { PointRunOptions } from './experiment-tally.ts';
import { checkSplitOf, type SavedSplits, splitName } from './saved-splits.ts';

/**
 * Points come scenario by scenario; neural recommenders that are still training need the previous
 * one.
 */
const held = 2;

/** From this number of ratings, making a scenario takes long enough to report each stage. */
const longScenario = 2_000_000;

/** A scenario with the genres of its items. */
export interface ScenarioData {
  readonly scenario: Scenario;
  readonly genres: GenreTable | undefined;
  /** The title of each item; empty if it has none. */
  readonly titles: readonly string[];
}

/** If a recommender will meet new items, new items decide when its training stops. */
function usualKind(kind: ScenarioName): 'ratings' | 'item-cold' {
  return kind === 'hard-cold' || kind === 'leave-items-out' ? 'item-cold' : 'ratings';
}

/**
 * Makes or reads the scenarios of an experiment on request, and holds the last two.
 */
export class ExperimentScenarios {
  readonly #experiment: Experiment;
  readonly #data: ExperimentData;
  readonly #saved: SavedSplits | undefined;
  readonly #run: Pick<PointRunOptions, 'stop' | 'onMessage'>;
  readonly #made = new AskedOnce<ScenarioData, string>();
  /** Called with each scenario and its name, before any point of it is computed. */
  onMade: ((name: string, scenario: Scenario) => Promise<void>) | undefined;

  constructor(experiment: Experiment, data: ExperimentData, saved?: SavedSplits, run: PointRunOptions = {}) {
    this.#run = run;
    this.#experiment = experiment;
    this.#data = data;
    this.#saved = saved;
  }

  /** The scenario of a kind for a seed. @throws UsageError when a step leaves no ratings. */
  of(kind: ScenarioName, seed: number): Promise<ScenarioData> {
    const made = this.#made.ask(() => this.#get(kind, seed), splitName(kind, seed));
    for (const oldest of this.#made.keys()) if (this.#made.size > held) this.#made.delete(oldest);
    return made;
  }

  /** Calls `onMade` for the scenarios that are already held. */
  async again(): Promise<void> {
    for (const [name, made] of this.#made) await this.onMade?.(name, (await made).scenario);
  }

  async #get(kind: ScenarioName, seed: number): Promise<ScenarioData> {
    const { movies, ratings } = this.#data;
    const scenario = this.#saved === undefined ? await this.#make(kind, seed) : await this.#saved.read(kind, seed);
    if (this.#saved !== undefined) checkSplitOf(scenario.ratings, ratings);
    await this.onMade?.(splitName(kind, seed), scenario);
    const catalogue = catalogueOf(scenario.ratings.itemIds, movies);
    return { scenario, genres: movies && genresOf(catalogue), titles: catalogue.map(({ title = '' }) => title) };
  }

  #make(kind: ScenarioName, seed: number): Promise<Scenario> {
    const {
      movies: items,
      users,
      perUser,
      fewer,
      folds,
      core,
      cut,
      foldIn,
      validation,
      years,
      genres,
    } = this.#experiment;
    const { ratings, movies, itemsWithFeatures } = this.#data;
    if (kind === 'given') throw new Error('a given split is read, not made');
    const filter = {
      years,
      genres,
      itemsWithFeatures,
    };
    const parameters = {
      kind,
      folds,
      seed,
      validation: { ...validation, kind: validation.kind === 'by-scenario' ? usualKind(kind) : validation.kind },
      filter,
      fewer,
      items,
      users,
      core,
      cut,
      foldIn,
      ratingsPerUser: perUser,
    };
    const { stop: signal, onMessage } = this.#run;
    const count = ratings.values.length;
    const says = count < longScenario ? undefined : onMessage;
    return makeScenarioBeside(ratings, parameters, movies, {
      signal,
      onStage: says && ((stage) => says(`${splitName(kind, seed)} of ${count} ratings: ${stage}`)),
    });
  }
}
