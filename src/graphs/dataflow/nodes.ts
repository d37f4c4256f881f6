import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Cuts } from '../../operators/division.ts';
import { dimensionOf } from '../../operators/statistics.ts';
import type { DataflowNode } from '../graph.ts';
import { elementBytes, type Source } from './sources.ts';
import type { Trace, TracedColumn, TracedNetwork, TracedTable } from './trace.ts';

/** Name of the operator that commits units. */
export const COMMIT = 'commit';
/** Name of the operator that looks units up in the cache. */
export const CACHE = 'cache';

/**
 * The boxes of a dataflow, as `explain` prints them: each source, what is computed from it, and the
 * commit.
 */
export function nodesOf(trace: Trace): DataflowNode[] {
  const ofSource = (source: Source | undefined) => [
    ...trace.networks.filter((network) => network.source === source).map(networkNode),
    ...trace.columns.filter((column) => column.source === source).map(columnNode),
    ...trace.tables.filter((table) => table.source === source).map(tableNode),
  ];
  const nodes = trace.sources.flatMap((source) => [sourceNode(source), ...ofSource(source)]);
  const all = [...nodes, ...ofSource(undefined)];
  const ends = all.filter(({ id }) => [...trace.columns, ...trace.tables].some(({ operator }) => operator === id));
  return [
    ...all,
    {
      id: COMMIT,
      inputs: ends.map(({ id }) => id),
      does: 'one Arrow unit per video, linked once',
      shape: [rowsOf(trace.columns)],
      dtype: 'row',
      bytes: ends.reduce((sum, node) => sum + node.bytes, 0),
    },
  ];
}

function sourceNode(source: Source): DataflowNode {
  const common = { id: source.name, inputs: [], bytes: elementBytes(source) };
  if (source.kind === 'sound') {
    const { sampleRate, patchSamples } = source;
    return { ...common, does: `ffmpeg: mono ${sampleRate} Hz`, shape: [patchSamples], dtype: 'float32' };
  }
  const { fps, resize, width, height } = source;
  const frames = typeof fps === 'number' ? `${fps} frames/s` : JSON.stringify(fps).replaceAll('"', '');
  const does = `ffmpeg: ${frames} frames, ${resize} to ${width}x${height}`;
  return { ...common, does, shape: [height, width, 3], dtype: 'uint8' };
}

function networkNode({ name, network, source }: TracedNetwork): DataflowNode {
  return {
    id: name,
    inputs: source === undefined ? [] : [source.name],
    does: network.precision === 'float32' ? network.name : `${network.name}, ${network.precision}`,
    shape: [network.dimension],
    dtype: 'float32',
    bytes: 4 * network.dimension,
  };
}

function columnNode(column: TracedColumn): DataflowNode {
  const { operator, cuts, statistics, network, source } = column;
  const from = network?.name ?? source?.name;
  const values = valuesOf(column, network?.network);
  return {
    id: operator,
    inputs: from === undefined ? [] : [from],
    does: `${statistics.join(', ')} over ${cutsAsText(cuts)}`,
    shape: [rowsOf([column]), values ?? '?'],
    dtype: 'float32',
    bytes: 4 * (values ?? 0),
  };
}

function tableNode({ operator, name, schema, source }: TracedTable): DataflowNode {
  return {
    id: operator,
    inputs: source === undefined ? [] : [source.name],
    does: `rows of the table ${name}`,
    shape: ['?', Object.keys(schema).length],
    dtype: 'row',
    bytes: 0,
  };
}

/** Values of a row in all statistics; undefined if a function makes the vectors. */
function valuesOf({ statistics }: TracedColumn, network: UnopenedNetwork | undefined): number | undefined {
  return network && statistics.reduce((sum, statistic) => sum + dimensionOf(statistic, network.dimension), 0);
}

/**
 * Rows of a video in the column with the most; the number of fixed-length subclips depends on the
 * length of the video.
 */
function rowsOf(columns: readonly TracedColumn[]): number | '?' {
  if (columns.some(({ cuts }) => cuts.seconds.length > 0)) return '?';
  return Math.max(0, ...columns.map(({ cuts }) => cuts.counts.reduce((sum, count) => sum + count, 0)));
}

/**
 * Rows of a corpus in the column that has most, by the number of its videos and their seconds
 * together; of subclips of fixed length the last one of each video counts as whole.
 */
export function rowsOfCorpus({ columns }: Pick<Trace, 'columns'>, videos: number, seconds: number): number {
  const rowsOfCuts = ({ counts, seconds: lengths }: Cuts) =>
    counts.reduce((sum, count) => sum + videos * count, 0) +
    lengths.reduce((sum, length) => sum + videos + Math.floor(seconds / length), 0);
  return Math.max(0, ...columns.map(({ cuts }) => rowsOfCuts(cuts)));
}

function cutsAsText({ counts, seconds }: Cuts): string {
  const equal = counts.length === 0 ? [] : [`${counts.join(', ')} subclips`];
  const fixed = seconds.length === 0 ? [] : [`subclips of ${seconds.join(' s, ')} s`];
  return [...equal, ...fixed].join(' and ');
}
