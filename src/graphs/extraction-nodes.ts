import { UsageError } from '../core/errors.ts';
import type { FrameSampling } from '../io/media/frames.ts';
import type { NetworkPlan } from '../models/networks/network.ts';
import { dimensionOf, type Statistic } from '../operators/statistics.ts';
import type { GraphNode } from './graph.ts';

/** Names of the operators, as metrics and `explain` show them. */
export const OPERATORS = {
  cache: 'cache',
  decodeVideo: 'decode-video',
  decodeAudio: 'decode-audio',
  embedVisual: 'embed-visual',
  embedAudio: 'embed-audio',
  subclipsVisual: 'subclips-visual',
  subclipsAudio: 'subclips-audio',
  commit: 'commit',
} as const;

/** The pictures that a visual network takes. */
export function framesOf(plan: NetworkPlan) {
  const { input, preprocess } = plan.card;
  if (input.kind !== 'frames') throw new UsageError(`'${plan.name}' takes ${input.kind}, not frames`);
  return { width: input.width, height: input.height, resize: preprocess?.resize ?? 'crop' };
}

/** The sound that an audio network takes. */
export function patchesOf(plan: NetworkPlan) {
  const { input } = plan.card;
  if (input.kind === 'frames') throw new UsageError(`'${plan.name}' takes frames, not sound`);
  const { sampleRate, patchSamples, hopSamples } = input;
  return { sampleRate, patchSamples, hopSamples, hopSeconds: hopSamples / sampleRate };
}

/** The boxes of the extraction graph, as `explain` prints them. */
export function extractionNodes(
  visual: NetworkPlan | undefined,
  listening: NetworkPlan | undefined,
  counts: readonly number[],
  statistics: readonly Statistic[],
  sampling: FrameSampling,
): GraphNode[] {
  const nodes: GraphNode[] = [];
  const ends: string[] = [];
  const rowsOf = (dimension: number): Pick<GraphNode, 'shape' | 'dtype' | 'bytes'> => ({
    shape: [
      counts.reduce((sum, count) => sum + count, 0),
      statistics.reduce((sum, statistic) => sum + dimensionOf(statistic, dimension), 0),
    ],
    dtype: 'float32',
    bytes: 4 * statistics.reduce((sum, statistic) => sum + dimensionOf(statistic, dimension), 0),
  });
  const summary = `${statistics.join(', ')} over ${counts.join(', ')} subclips`;
  if (visual !== undefined) {
    const { width, height, resize } = framesOf(visual);
    const frames = typeof sampling === 'number' ? `${sampling} frames/s` : JSON.stringify(sampling).replaceAll('"', '');
    nodes.push(
      {
        id: OPERATORS.decodeVideo,
        inputs: [],
        does: `ffmpeg: ${frames} frames, ${resize} to ${width}x${height}`,
        shape: [height, width, 3],
        dtype: 'uint8',
        bytes: height * width * 3,
      },
      {
        id: OPERATORS.embedVisual,
        inputs: [OPERATORS.decodeVideo],
        does: visual.precision === 'float32' ? visual.name : `${visual.name}, ${visual.precision}`,
        shape: [visual.dimension],
        dtype: 'float32',
        bytes: 4 * visual.dimension,
      },
      { id: OPERATORS.subclipsVisual, inputs: [OPERATORS.embedVisual], does: summary, ...rowsOf(visual.dimension) },
    );
    ends.push(OPERATORS.subclipsVisual);
  }
  if (listening !== undefined) {
    const { sampleRate, patchSamples } = patchesOf(listening);
    nodes.push(
      {
        id: OPERATORS.decodeAudio,
        inputs: [],
        does: `ffmpeg: mono ${sampleRate} Hz`,
        shape: [patchSamples],
        dtype: 'float32',
        bytes: 4 * patchSamples,
      },
      {
        id: OPERATORS.embedAudio,
        inputs: [OPERATORS.decodeAudio],
        does: listening.name,
        shape: [listening.dimension],
        dtype: 'float32',
        bytes: 4 * listening.dimension,
      },
      { id: OPERATORS.subclipsAudio, inputs: [OPERATORS.embedAudio], does: summary, ...rowsOf(listening.dimension) },
    );
    ends.push(OPERATORS.subclipsAudio);
  }
  const bytes = nodes.filter((node) => ends.includes(node.id)).reduce((sum, node) => sum + node.bytes, 0);
  nodes.push({
    id: OPERATORS.commit,
    inputs: ends,
    does: 'one Arrow unit per video, linked once',
    shape: [counts.reduce((a, b) => a + b, 0)],
    dtype: 'row',
    bytes,
  });
  return nodes;
}
