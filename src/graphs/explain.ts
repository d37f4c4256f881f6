import type { ScratchRoom } from '../io/far/input-copies.ts';
import { formatBytes } from '../operators/budget.ts';
import type { DiskEstimate } from './disk-estimate.ts';
import { deviceName } from './placement.ts';
import type { Plan, PlannedNetwork } from './plan.ts';
import type { TimeEstimate } from './time-estimate.ts';

/** At most this many unreadable items are named. */
const NAMED = 10;

/** Remote inputs, and the disk space for their copies. */
export interface FarInputs extends ScratchRoom {
  readonly items: number;
}

/** What `explainText` prints in addition to the plan. */
export interface ExplainedBeside {
  /** Sentences printed below the nodes. */
  readonly notes?: readonly string[] | undefined;
  readonly time?: TimeEstimate | undefined;
  readonly disk?: DiskEstimate | undefined;
  readonly scratch?: FarInputs | undefined;
  /** How many items the dataset already has. */
  readonly alreadyDone?: number | undefined;
}

/**
 * A plan as text for a person: nodes with shapes, types and bytes, how the memory limit is divided,
 * and the size of the corpus, with time and disk space if these were estimated. `estimate` figures
 * come from probing at most 32 items.
 *
 * @example
 * const plan = await planRun(graph, corpus);
 * console.log(explainText(plan, { disk: diskEstimate(plan, 'features/') }));
 */
export function explainText(
  plan: Plan,
  { notes = [], time, disk, scratch, alreadyDone = 0 }: ExplainedBeside = {},
): string {
  const { graph, memory, estimate } = plan;
  const nodeWidth = Math.max(...plan.nodes.map((node) => node.id.length));
  const shapes = plan.nodes.map((node) => `${node.dtype}[${node.shape.join(', ')}]`);
  const shapeWidth = Math.max(...shapes.map((shape) => shape.length));
  const lines = [
    `graph ${graph.name} v${graph.version}, id ${graph.id}`,
    ...plan.nodes.map((node, index) => {
      const from = node.inputs.length === 0 ? '' : `  <- ${node.inputs.join(', ')}`;
      const shape = (shapes[index] as string).padEnd(shapeWidth);
      return `  ${node.id.padEnd(nodeWidth)}  ${shape}  ${formatBytes(node.bytes).padStart(9)} each  ${node.does}${from}`;
    }),
    ...plan.networks.map((network) => {
      const { stream, name, output } = network;
      return `${stream}: ${name} to ${output.name} [${output.dimension}], ${weightsText(network)}`;
    }),
    ...notes.map((note) => `  ${note}`),
    '',
    `memory limit ${formatBytes(memory.limit)} for the process and its decoders together`,
    ...memory.parts.map((part) => `  ${formatBytes(part.bytes).padStart(9)}  ${part.name}`),
    `  ${formatBytes(memory.budget).padStart(9)}  between operators (flow budget)`,
    `  ${formatBytes(memory.creationPeak).padStart(9)}  peak while sessions are created`,
    ...plan.networks.map(({ stream, workers, placement }) => {
      if (placement.device !== 'cpu') {
        const runs = `runs of ${workers.batch} rows, the last one padded: one shape, so that the device chooses its algorithms only once`;
        return `  ${stream}: ${workers.workers} session(s) on ${deviceName(placement)}, ${runs}`;
      }
      return `  ${stream}: ${workers.workers} worker(s) x ${workers.threads} thread(s), batch ${workers.batch}`;
    }),
    ...plan.devices.map(({ device, plannedBytes, totalBytes }) => {
      const of = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
      return `  ${device}: about ${formatBytes(plannedBytes)}${of} of the device's own memory`;
    }),
    `  ${memory.concurrency} video(s) at a time; one video claims at most ${formatBytes(estimate.largestClaim)}`,
    '',
    `corpus: ${estimate.items} items (${estimate.probed} probed${estimate.unreadable > 0 ? `, ${estimate.unreadable} unreadable` : ''}), ` +
      `${estimate.videoHours.toFixed(2)} video hours, ${estimate.frames} frames, dataset about ${formatBytes(estimate.datasetBytes)}`,
    ...(alreadyDone > 0 ? [`  ${alreadyDone} of the items are already in the dataset`] : []),
    ...unreadableLines(plan),
    ...(time === undefined ? [] : [timeText(time)]),
    ...(disk === undefined ? [] : [diskText(disk)]),
    ...(scratch === undefined ? [] : [scratchText(scratch)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The probed items that cannot be read. */
function unreadableLines({ estimate: { unreadableItems } }: Plan): string[] {
  const named = unreadableItems.slice(0, NAMED).map(({ path, code }) => `  unreadable: ${path} [${code}]`);
  const more = unreadableItems.length - named.length;
  return more > 0 ? [...named, `  and ${more} more`] : named;
}

function timeText({ seconds, networks }: TimeEstimate): string {
  const rates = networks.map(({ name, rowsPerSecond }) => `${name} ${rowsPerSecond.toFixed(0)} rows/s`);
  return `time: at least about ${duration(seconds)} for the networks (${rates.join(', ')}, measured just now); if decoding is slower, it sets the pace`;
}

/** A duration in seconds, formatted for reading: `40 s`, `12 min`, `3.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The disk space that a dataset needs, with a warning if there is not enough. */
export function diskText({ directory, neededBytes, freeBytes, isEnough }: DiskEstimate): string {
  const figures = `units and tables take about ${formatBytes(neededBytes)} uncompressed, ${formatBytes(freeBytes)} are free at ${directory}`;
  return isEnough ? `disk: ${figures}` : `NOT ENOUGH ROOM ON THE DISK: ${figures}`;
}

function scratchText({ items, bytes, freeBytes, directory }: FarInputs): string {
  return `scratch: copies of the ${items} ${items === 1 ? 'remote input' : 'remote inputs'} take at most ${formatBytes(bytes)} at a time in ${directory}, where ${formatBytes(freeBytes)} are free`;
}

/**
 * The weights of a network: every file with its own hash. With two files, or one file and random
 * weights, the hash of both together as well.
 */
export function weightsText(
  network: Pick<PlannedNetwork, 'weightsHash' | 'random' | 'weightsOrigin' | 'files'>,
): string {
  const { weightsHash, random, weightsOrigin, files } = network;
  const parts = files.map(({ role, sha256, origin, licence }) => {
    const terms = licence === undefined ? '' : `, licence: ${licence}`;
    return `${role === 'weights' ? 'weights' : 'post-processing'} ${origin}, SHA-256 ${sha256}${terms}`;
  });
  if (random) parts.unshift(`RANDOM weights (${weightsOrigin})`);
  if (random || files.length > 1) parts.push(`SHA-256 ${files.length > 0 ? 'of all together ' : ''}${weightsHash}`);
  return parts.join(files.length > 0 ? '; ' : ', ');
}

/** A plan's graph as a Mermaid flowchart. */
export function explainMermaid(plan: Plan): string {
  const lines = ['flowchart LR'];
  for (const node of plan.nodes) {
    const label = `${node.id}<br/>${node.does}<br/>${node.dtype} ${node.shape.join(' x ')}`.replaceAll('"', "'");
    lines.push(`  ${node.id}["${label}"]`);
    for (const input of node.inputs) lines.push(`  ${input} --> ${node.id}`);
  }
  return `${lines.join('\n')}\n`;
}
