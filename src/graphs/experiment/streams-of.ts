import type { SourceModality } from '../../models/recommenders/neural/feature-source.ts';
import type { ExperimentData } from './experiment-data.ts';

/** The streams of a training store of an experiment; empty without one. */
export function streamsOf({ features }: Pick<ExperimentData, 'features'>, name: string | undefined): SourceModality[] {
  const shape = name === undefined ? undefined : features.get(name)?.shape;
  return shape?.streams.map((stream) => ({ ...stream, steps: shape.subclips })) ?? [];
}
