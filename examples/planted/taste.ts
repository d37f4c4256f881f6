import { PlantedDraws } from './draws.ts';

/** Scenes of a clip, one after another; also the steps of brightness and of pitch. */
export const SCENES = 8;

/**
 * How much of the taste factor is in the order of the scenes, and how much in their texture; the
 * squares add up to 1.
 */
const SHARE_OF_ORDER = Math.sqrt(0.85);
const SHARE_OF_TEXTURE = Math.sqrt(0.15);

/** What is hidden in a synthetic clip. */
export interface PlantedItem {
  /** The hidden taste factor z, about -1 to 1, which ratings follow. */
  readonly factor: number;
  /**
   * The part of z that only the order in time reveals: 1 if scenes go from dark to bright and tones
   * from low to high, -1 for the reverse.
   */
  readonly order: number;
  /**
   * The part that each frame reveals: from horizontal stripes and pulsed tones (-1) to vertical
   * stripes and steady tones (1).
   */
  readonly texture: number;
  /**
   * Brightness of each scene, a permutation of 0 .. SCENES - 1: every clip shows all of them, so
   * their mean reveals nothing.
   */
  readonly brightness: readonly number[];
  /** Pitch of each scene's tone, another permutation. */
  readonly pitch: readonly number[];
  /**
   * Red, green and blue of the light, 0.55 to 1: two clips share it, one for each sign of the
   * order.
   */
  readonly tint: readonly [number, number, number];
  /** Stripes across the picture, and where they begin; unrelated to z. */
  readonly stripes: number;
  readonly phase: number;
}

/**
 * Draws what is hidden in each clip. Half of the clips have a positive order, half a negative one;
 * each light is used by one clip of each sign, so that over the corpus the light cannot reveal the
 * sign, not even by chance.
 */
export function plantItems(count: number, seed: number): PlantedItem[] {
  const draws = new PlantedDraws(seed, 'items');
  const light = () => draws.uniform(0.55);
  const lights = Array.from({ length: Math.ceil(count / 2) }, () => [light(), light(), light()] as const);
  return draws.shuffled(count).map((place) => {
    const wanted = (place % 2 === 0 ? 1 : -1) * draws.uniform(0.6, 1);
    const brightness = orderedScenes(wanted, draws);
    const pitch = orderedScenes(wanted, draws);
    const order = (rankCorrelation(brightness) + rankCorrelation(pitch)) / 2;
    const texture = draws.uniform(-1, 1);
    return {
      factor: SHARE_OF_ORDER * order + SHARE_OF_TEXTURE * texture,
      order,
      texture,
      brightness,
      pitch,
      tint: lights[place >> 1] as (typeof lights)[number],
      stripes: 3 + draws.below(3),
      phase: draws.uniform(0, 2 * Math.PI),
    };
  });
}

/**
 * The steps 0 .. SCENES - 1, mostly rising if `wanted` is near 1, mostly falling if it is near -1.
 */
function orderedScenes(wanted: number, draws: PlantedDraws): number[] {
  const steps = Array.from({ length: SCENES }, (_, step) => {
    const trend = (wanted * step) / (SCENES - 1);
    return { step, key: trend + (1 - Math.abs(wanted)) * draws.uniform() };
  });
  return steps.sort((left, right) => left.key - right.key).map(({ step }) => step);
}

/** Spearman's correlation of a permutation with its positions. */
function rankCorrelation(permutation: readonly number[]): number {
  const n = permutation.length;
  const distance = permutation.reduce((sum, step, position) => sum + (step - position) ** 2, 0);
  return 1 - (6 * distance) / (n * (n * n - 1));
}
