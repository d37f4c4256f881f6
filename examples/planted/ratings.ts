import { PlantedDraws } from './draws.ts';
import type { PlantedItem } from './taste.ts';

/** How synthetic ratings are drawn. */
export interface PlantedRatingOptions {
  readonly users: number;
  /** Ratings per user, at most the number of items. */
  readonly ratingsPerUser: number;
  readonly seed: number;
  /** Mean rating mu. Default 3.2. */
  readonly mean?: number | undefined;
  /** s: how much a taste moves a rating. Default 1.2. */
  readonly strength?: number | undefined;
  /** Standard deviation of the unexplained part. Default 0.4. */
  readonly noise?: number | undefined;
}

/** One synthetic rating; users and items are numbers from 0. */
export interface PlantedRating {
  readonly user: number;
  readonly item: number;
  /** 0.5 to 5 in half steps. */
  readonly rating: number;
}

/** What was drawn. */
export interface PlantedRatings {
  readonly ratings: readonly PlantedRating[];
  /** p_u of each user: 1 likes z, -1 dislikes it. */
  readonly tastes: readonly (1 | -1)[];
}

/**
 * r = mu + b_u + b_i + s p_u z_i + noise, clipped to 0.5 .. 5 and rounded to half steps. Half of
 * the users like z (p_u = 1), half dislike it (p_u = -1), so that an item's mean rating says little
 * about z. The deviation of b_u is 0.3, of b_i 0.15. The items that a user has rated are drawn
 * uniformly.
 */
export function plantRatings(items: readonly PlantedItem[], options: PlantedRatingOptions): PlantedRatings {
  const { mean = 3.2, strength = 1.2, noise = 0.4, seed } = options;
  const draws = new PlantedDraws(seed, 'ratings');
  const itemBias = items.map(() => draws.normal(0.15));
  const tastes = draws.shuffled(options.users).map((place) => (place % 2 === 0 ? 1 : -1));
  const ratings = tastes.flatMap((taste, user) => {
    const userBias = draws.normal(0.3);
    const rated = draws.shuffled(items.length).slice(0, options.ratingsPerUser);
    return rated.map((item) => {
      const liking = strength * taste * (items[item] as PlantedItem).factor;
      const value = mean + userBias + (itemBias[item] as number) + liking + draws.normal(noise);
      return { user, item, rating: Math.min(5, Math.max(0.5, Math.round(2 * value) / 2)) };
    });
  });
  return { ratings, tastes };
}
