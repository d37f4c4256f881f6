import type { ScenarioKind } from '../../io/ratings/scenario-kinds.ts';
import { makeScenario, type Scenario } from '../../io/ratings/scenarios.ts';
import type { GenreTable } from '../../models/genres.ts';
import { catalogueOf, genresOf } from '../recommenders/catalogue.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';

/** Points come scenario by scenario; neural recommenders that still train need the one before. */
const held = 2;

/** A scenario with the genres of its items. */
export interface ScenarioData {
  readonly scenario: Scenario;
  readonly genres: GenreTable | undefined;
}

/** A recommender that is to meet new items is stopped by new items. */
function usualKind(kind: ScenarioKind): 'ratings' | 'item-cold' {
  return kind === 'hard-cold' || kind === 'leave-items-out' ? 'item-cold' : 'ratings';
}

/** Makes the scenarios of an experiment when they are asked for, and holds the last two. */
export class ExperimentScenarios {
  readonly #experiment: Experiment;
  readonly #data: ExperimentData;
  readonly #made = new Map<string, ScenarioData>();

  constructor(experiment: Experiment, data: ExperimentData) {
    this.#experiment = experiment;
    this.#data = data;
  }

  /** The scenario of a kind by a seed. @throws UsageError when a step leaves no rating. */
  of(kind: ScenarioKind, seed: number): ScenarioData {
    const drawn = this.#experiment.splitSeed ?? seed;
    const key = `${kind} ${drawn}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = this.#make(kind, drawn);
    this.#made.set(key, made);
    for (const oldest of this.#made.keys()) if (this.#made.size > held) this.#made.delete(oldest);
    return made;
  }

  #make(kind: ScenarioKind, seed: number): ScenarioData {
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
    const filter = {
      ...(years && { years }),
      ...(genres && { genres }),
      ...(itemsWithFeatures && { itemsWithFeatures }),
    };
    const parameters = {
      kind,
      folds,
      seed,
      validation: { ...validation, kind: validation.kind === 'by-scenario' ? usualKind(kind) : validation.kind },
      filter,
      fewer,
      ...(items !== undefined && { items }),
      ...(users !== undefined && { users }),
      ...(core !== undefined && { core }),
      ...(cut !== undefined && { cut }),
      ...(foldIn !== undefined && { foldIn }),
      ...(perUser !== undefined && { ratingsPerUser: perUser }),
    };
    const scenario = makeScenario(ratings, parameters, movies);
    return { scenario, genres: movies && genresOf(catalogueOf(scenario.ratings.itemIds, movies)) };
  }
}
