import type { Overlaps } from '../../models/analysis/bhattacharyya.ts';
import type { FeatureAnalysis } from './analyse-features.ts';
import type { GroupOverlaps } from './analyse-stream.ts';

/** The numbers of an analysis as JSON: everything but the points and the densities. */
export function analysisJson({ path, statistic, streams }: FeatureAnalysis): object {
  return {
    path,
    statistic,
    streams: streams.map(
      ({ plane: _, extent: __, density: ___, subclips, genres, genrePrediction, spectrum, ...rest }) => ({
        ...rest,
        subclips: subclips && groupsJson(subclips),
        genres: genres && groupsJson(genres),
        genrePrediction: genrePrediction && {
          ...genrePrediction,
          byLabel: Object.fromEntries(genrePrediction.byLabel),
        },
        spectrum: spectrum && Array.from(spectrum),
      }),
    ),
  };
}

function groupsJson({ plane, densities, components }: GroupOverlaps): unknown {
  const square = (values: Float64Array) =>
    plane.names.map((_, row) =>
      Array.from(values.subarray(row * plane.names.length, (row + 1) * plane.names.length), finite),
    );
  const overlapsJson = ({ coefficients, ridged, counts }: Overlaps) => ({
    coefficients: square(coefficients),
    ridged,
    counts,
  });
  return {
    names: plane.names,
    plane: overlapsJson(plane),
    densities: square(densities),
    components: components && overlapsJson(components),
  };
}

/** JSON has no NaN. */
function finite(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
