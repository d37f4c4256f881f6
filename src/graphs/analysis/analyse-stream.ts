import { randomIntegers } from '../../core/random-integers.ts';
import { type Groups, LEAST_GROUP, type Overlaps, overlaps } from '../../models/analysis/bhattacharyya.ts';
import { type Density, densityOf, densityOverlap, type Extent, extentOf } from '../../models/analysis/density.ts';
import { type Faithfulness, faithfulness } from '../../models/analysis/faithfulness.ts';
import type { InnerRule } from '../../models/analysis/inner-third.ts';
import { type LabelPrediction, predictLabels } from '../../models/analysis/label-prediction.ts';
import { type LeadingComponents, leadingComponents } from '../../models/analysis/leading-components.ts';
import { type LinearProbe, linearProbe } from '../../models/analysis/linear-probe.ts';
import { firstCoordinates, type Points, pointsAt } from '../../models/analysis/points.ts';
import { silhouette } from '../../models/analysis/silhouette.ts';
import { EXACT_ROWS, umap } from '../../models/analysis/umap.ts';
import type { FeatureRows } from './feature-rows.ts';
import { itemMeans } from './item-means.ts';

/** Components of the space in which groups are compared, besides the plane. */
const COMPARED_COMPONENTS = 10;
/** At most this many rows are compared with all others, ... */
const ASKED_ROWS = 2000;
/**
 * ... and only as many as need this many multiplications, some ten seconds, but at least
 * `LEAST_ASKED`.
 */
const ASKED_PRODUCTS = 1e10;
const LEAST_ASKED = 200;
/** The same limit for items whose genres are predicted; these need not be few. */
const GENRE_PRODUCTS = 2e10;
/** Item means with more values than this are probed in their first components. */
const PROBED_VALUES = 600;
/** Processor seconds of a layout: for each row and epoch, for each row, and for each value. */
const SECONDS = { epoch: 4e-6, search: 6e-4, value: 4e-7 };

/** How groups of rows overlap: in the plane, with and without assuming a form, and in PCA space. */
export interface GroupOverlaps {
  readonly plane: Overlaps;
  /** float64[groups x groups]: coefficients of the smoothed densities in the plane. */
  readonly densities: Float64Array;
  /** In the first ten principal components; undefined if rows have one value. */
  readonly components: Overlaps | undefined;
  /** The smoothed density of each group, in the order of the names. */
  readonly shapes: readonly Density[];
}

/** The result of analysing one stream of features. */
export interface StreamAnalysis {
  readonly stream: string;
  readonly dimension: number;
  readonly rows: number;
  readonly items: number;
  readonly rowsWithout: number;
  /** Whether the network that made it had random weights: then its structure is meaningless. */
  readonly random: boolean;
  readonly plane: Points;
  readonly extent: Extent;
  readonly density: Density;
  /** The number of parts that the graph of neighbours fell into, see `PlanarEmbedding`. */
  readonly parts: number;
  readonly neighbours: number;
  /** How many components were searched for candidate neighbours; undefined: the rows themselves. */
  readonly searchedComponents: number | undefined;
  readonly faithfulness: Faithfulness;
  readonly subclips: GroupOverlaps | undefined;
  readonly genres: GroupOverlaps | undefined;
  readonly silhouetteBySubclip: number | undefined;
  /** A row counts once for each of its genres. */
  readonly silhouetteByGenre: number | undefined;
  readonly genrePrediction: LabelPrediction | undefined;
  /** Of item means; of their first 64 components if they have more than 600 values. */
  readonly ratingProbe: LinearProbe | undefined;
  /**
   * Shares of the variance, largest first: of all components for up to 1,024 values per row, else
   * of the first 1,000. Undefined if rows have one value.
   */
  readonly spectrum: Float64Array | undefined;
  /** How many rows the spectrum was computed from: a regular sample if there are many long rows. */
  readonly spectrumRows: number | undefined;
}

/** What is known about items besides their features. */
export interface ItemLabels {
  /** The genres of an item; undefined if it is not in the list. */
  readonly genresOf?: ((itemId: string) => readonly string[] | undefined) | undefined;
  /** The mean rating of an item; undefined if nobody has rated it. */
  readonly meanRatingOf?: ((itemId: string) => number | undefined) | undefined;
}

/** How a stream is analysed. */
export interface StreamAnalysisOptions {
  /** UMAP's neighbours. Default 15. */
  readonly neighbours?: number | undefined;
  /** UMAP's least distance. Default 0.1. */
  readonly minDistance?: number | undefined;
  /** What a group's inner third is. Default `nearest`. */
  readonly innerRule?: InnerRule | undefined;
  /** Seeds what is drawn: rows that are asked, and genres exchanged. Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
  /** Told how far the layout of a stream is, about twice a second. */
  readonly onProgress?: ((progress: AnalysisProgress) => void) | undefined;
}

/** The steps of analysing a stream, in order. */
export const ANALYSIS_STEPS = ['components', 'neighbours', 'layout', 'measures'] as const;

/** The progress of the analysis of a stream. */
export interface AnalysisProgress {
  readonly stream: string;
  readonly step: (typeof ANALYSIS_STEPS)[number];
  /** During `layout`: the rounds done so far, and their total. */
  readonly epoch?: number | undefined;
  readonly epochs?: number | undefined;
}

/** Lays one stream out in the plane and measures how groups of its rows overlap. */
export async function analyseStream(
  rows: FeatureRows,
  random: boolean,
  options: StreamAnalysisOptions & ItemLabels = {},
): Promise<StreamAnalysis> {
  const { points, subclips, items, itemIds, stream } = rows;
  const say = options.onMessage ?? (() => {});
  const seed = options.seed ?? 1;
  say(`${stream}: ${points.count} rows of ${points.dimension} values are laid out; ${expected(points)}`);
  const tell = (step: AnalysisProgress['step'], epoch?: number, epochs?: number) =>
    options.onProgress?.({ stream, step, epoch, epochs });
  tell('components');
  const space = await leadingComponents(points);
  tell('neighbours');
  const coarse = coarseOf(points, space);
  const {
    points: plane,
    parts,
    neighbours,
  } = await umap(points, {
    ...options,
    coarse,
    onEpoch: (epoch, epochs) => tell('layout', epoch, epochs),
  });
  tell('measures');
  say(`${stream}: groups are compared`);
  const asked = someRows(
    points.count,
    askedOf(points, ASKED_PRODUCTS, ASKED_ROWS),
    `reelflow-asked-rows-1:${seed}`,
  ).sort();
  const extent = extentOf(plane);
  const components = space && firstCoordinates(space.points, COMPARED_COMPONENTS);
  const compare = (groups: Groups) => compareGroups(plane, extent, components, groups, options.innerRule);
  const bySubclip = groupsOf(subclips, (subclip) => [String(subclip)]);
  const genresOf = options.genresOf;
  const byGenre = genresOf && groupsOf(items, (item) => genresOf(itemIds[item] as string) ?? []);
  const means = itemMeans(rows);
  const itemGenres = genresOf && groupsOf(itemIds.keys(), (item) => genresOf(itemIds[item] as string) ?? []);
  const askedItems = someRows(means.count, askedOf(means, GENRE_PRODUCTS), `reelflow-asked-items-1:${seed}`).sort();
  const probed =
    points.dimension > PROBED_VALUES && space !== undefined ? itemMeans({ ...rows, points: space.points }) : means;
  const silhouetteOf = async (groups: Groups | undefined) =>
    groups !== undefined && groups.size > 1 ? silhouette(points, groups, asked) : undefined;
  return {
    stream,
    dimension: points.dimension,
    rows: points.count,
    items: itemIds.length,
    rowsWithout: rows.without,
    random,
    plane,
    extent,
    density: densityOf(plane, extent),
    parts,
    neighbours,
    searchedComponents: coarse?.dimension,
    faithfulness: await faithfulness(points, plane, asked, Math.min(15, Math.floor(points.count / 3))),
    subclips: bySubclip.size > 1 ? compare(bySubclip) : undefined,
    genres: byGenre === undefined || byGenre.size === 0 ? undefined : compare(byGenre),
    silhouetteBySubclip: await silhouetteOf(bySubclip),
    silhouetteByGenre: await silhouetteOf(byGenre),
    genrePrediction:
      itemGenres && itemIds.length > 2
        ? await predictLabels(means, itemGenres, { seed, asked: askedItems })
        : undefined,
    ratingProbe: probeRatings(probed, itemIds, options.meanRatingOf),
    spectrum: space?.spectrum,
    spectrumRows: space?.rows,
  };
}

/** The space in which candidate neighbours of many long rows are searched. */
function coarseOf({ count, dimension }: Points, space: LeadingComponents | undefined): Points | undefined {
  return space !== undefined && count > EXACT_ROWS && dimension > space.points.dimension ? space.points : undefined;
}

/** How many rows may be compared with all others. */
function askedOf({ count, dimension }: Points, products: number, most = count): number {
  return Math.max(LEAST_ASKED, Math.min(most, Math.floor(products / (count * dimension))));
}

/** The expected duration, from what was measured: see docs/evidence/analysis.md. */
function expected({ count, dimension }: Points): string {
  const epochs = count > 10_000 ? 200 : 500;
  const seconds = SECONDS.epoch * count * epochs + SECONDS.search * count + SECONDS.value * count * dimension;
  return seconds < 90 ? `about ${Math.ceil(seconds / 10) * 10} s` : `about ${Math.ceil(seconds / 60)} min`;
}

function groupsOf<Key extends number>(keys: Iterable<Key>, namesOf: (key: Key) => readonly string[]): Groups {
  const groups = new Map<string, number[]>();
  let row = 0;
  for (const key of keys) {
    for (const name of new Set(namesOf(key))) {
      const own = groups.get(name);
      if (own === undefined) groups.set(name, [row]);
      else own.push(row);
    }
    row++;
  }
  const names = [...groups.keys()].sort((left, right) => left.localeCompare(right, 'en', { numeric: true }));
  return new Map(names.map((name) => [name, Int32Array.from(groups.get(name) as number[])]));
}

function compareGroups(
  plane: Points,
  extent: Extent,
  components: Points | undefined,
  groups: Groups,
  rule: InnerRule | undefined,
): GroupOverlaps {
  const shapes = [...groups.values()].map((rows) => densityOf(pointsAt(plane, rows), extent));
  const sizes = [...groups.values()].map((rows) => rows.length);
  const densities = Float64Array.from({ length: shapes.length ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / shapes.length), at % shapes.length];
    if (Math.min(sizes[row] as number, sizes[column] as number) < LEAST_GROUP) return Number.NaN;
    return densityOverlap(shapes[row] as Density, shapes[column] as Density);
  });
  return {
    plane: overlaps(plane, groups, rule),
    densities,
    components: components && overlaps(components, groups, rule),
    shapes,
  };
}

function probeRatings(
  means: Points,
  itemIds: readonly string[],
  meanRatingOf: ItemLabels['meanRatingOf'],
): LinearProbe | undefined {
  if (meanRatingOf === undefined) return undefined;
  const rated = itemIds.flatMap((id, item) => {
    const rating = meanRatingOf(id);
    return rating === undefined ? [] : [{ item, rating }];
  });
  if (rated.length < 2 * LEAST_GROUP) return undefined;
  const order = someRows(rated.length, rated.length, 'reelflow-probe-order-1');
  const chosen = Array.from(order, (place) => rated[place] as { item: number; rating: number });
  return linearProbe(
    pointsAt(
      means,
      chosen.map(({ item }) => item),
    ),
    Float64Array.from(chosen, ({ rating }) => rating),
  );
}

/** `wanted` distinct rows in a random order that depends on the text; all if there are no more. */
function someRows(count: number, wanted: number, text: string): Int32Array {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  const next = randomIntegers(text);
  const taken = Math.min(count, wanted);
  for (let place = 0; place < taken; place++) {
    const other = place + Math.floor(((next() >>> 0) / 2 ** 32) * (count - place));
    [rows[place], rows[other]] = [rows[other] as number, rows[place] as number];
  }
  return rows.subarray(0, taken);
}
