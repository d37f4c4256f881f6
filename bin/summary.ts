import { shellPath } from '../src/core/shell-word.ts';
import { uncalibratedId } from '../src/graphs/interrupted-summary.ts';
import { committedWords } from '../src/graphs/reports/committed-words.ts';
import type { InputChanges } from '../src/graphs/run-items.ts';
import type { RunSummary } from '../src/graphs/run-summary.ts';
import type { ShardSummary } from '../src/graphs/runners/shard-run.ts';
import { formatBytes } from '../src/operators/budget.ts';
import type { OperatorMetrics } from '../src/operators/operator-meter.ts';
import { fleetText } from './progress.ts';

/**
 * One line per operator: the shares of the wall time in which it was busy, starved of input, or
 * blocked by the operators after it or by the budget. The bottleneck is the busiest operator.
 */
export function bottleneckLines(operators: readonly OperatorMetrics[]): string[] {
  const width = Math.max(0, ...operators.map((operator) => operator.name.length));
  const busiest = [...operators].sort((a, b) => b.busySeconds - a.busySeconds)[0];
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(whole, 1e-9)).toFixed(0).padStart(3)} %`;
  return operators.map((operator) => {
    const { busySeconds, starvedSeconds, blockedSeconds, wallSeconds, batchFill, duplicates = 0 } = operator;
    return [
      `  ${operator.name.padEnd(width)}`,
      `busy ${share(busySeconds, wallSeconds)}`,
      `starved ${share(starvedSeconds, wallSeconds)}`,
      `blocked ${share(blockedSeconds, wallSeconds)}`,
      batchFill === undefined ? '' : `batch fill ${(100 * batchFill).toFixed(0)} %`,
      duplicates === 0 ? '' : `duplicates ${duplicateShare(duplicates, operator.in)}`,
      operator === busiest ? '<- bottleneck' : '',
    ]
      .filter((part) => part !== '')
      .join('  ');
  });
}

/** Percentage of the elements; a share above zero is never shown as zero. */
function duplicateShare(duplicates: number, elements: number): string {
  const percent = (100 * duplicates) / elements;
  return percent < 1 ? 'under 1 %' : `${Math.floor(percent)} %`;
}

/** Reports that the run was interrupted, what is left, and what to do. */
function interruptedText({ left, videos, tables, graphId }: RunSummary, out: string | undefined): string {
  const { committed, alreadyDone, skipped, dead } = videos;
  const total = left + committed + alreadyDone + skipped + dead;
  // A stream leaves nothing to continue from.
  if (out === undefined) return `interrupted: ${left} of ${total} left`;
  if (left === 0) return 'interrupted: nothing is left; the same command writes the tables';
  const none = graphId !== uncalibratedId && committed + alreadyDone > 0 && tables.length === 0;
  return `interrupted: ${left} of ${total} left; the same command continues${none ? ', and writes the tables at its end' : ''}`;
}

/** Whether no decoder produced anything. */
function isNothingDecoded({ operators }: RunSummary): boolean {
  return operators.every(({ name, out }) => !name.startsWith('decode-') || out === 0);
}

/** Maximum number of items named in one line. */
const NAMED = 10;

/** What is new since the previous run, and what is no longer an input. */
function inputLines(
  { added, gone, renamed, superseded, left }: InputChanges,
  before: number,
  out: string | undefined,
): string[] {
  const few = (names: readonly string[]) =>
    `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? `, ... (${names.length})` : ''}`;
  const lines: string[] = [];
  if (added > 0 && before > 0) lines.push(`new since the last run: ${added} of the inputs`);
  if (left > 0) lines.push(`${left} of the inputs are left: the same command continues with them`);
  if (renamed.length > 0) lines.push(`renamed: ${few(renamed.map(({ from, to }) => `${from} is now ${to}`))}`);
  const dataset = out === undefined ? 'DIR' : shellPath(out);
  if (superseded.length > 0) {
    lines.push(
      `their files have changed and failed, so the tables still have the rows of the old files: ${few(superseded)}; \`reelflow prune ${dataset} --remove ITEM\` removes them`,
    );
  }
  if (gone.length > 0) {
    lines.push(`no longer inputs, but still in the dataset: ${few(gone)}; \`reelflow prune ${dataset}\` removes them`);
  }
  return lines;
}

/** Which shard this was, and how far all shards are together. */
function shardLine({ index, count, items, stolen, whole }: ShardSummary): string {
  const { committed, dead, skipped, left } = whole;
  const taken = stolen > 0 ? `, and took over ${stolen} from others` : '';
  const rest = left > 0 ? `${left} left; the run that finds none left writes the tables` : 'none left';
  return `shard ${index} of ${count} has ${items} of the ${whole.items} items${taken}; of all: ${committed} committed, ${skipped} skipped, ${dead} dead, ${rest}`;
}

/**
 * Whether a run found anything new, or anything that somebody should act on.
 *
 * @param acceptedDead items that failed in an earlier run, if that is allowed
 */
export function isNews({ videos, inputs, interrupted, failure, calibration }: RunSummary, acceptedDead = 0): boolean {
  if (interrupted || failure !== undefined || calibration !== undefined) return true;
  if (videos.committed + videos.dead > acceptedDead) return true;
  return inputs !== undefined && inputs.added + inputs.left + inputs.gone.length + inputs.renamed.length > 0;
}

/** The summary of an extraction into a directory or a stream, as text. */
export function summaryText(summary: RunSummary, out: string | undefined): string {
  const { committed, cached, renamed, alreadyDone, skipped, dead } = summary.videos;
  const rate = summary.wallSeconds > 0 ? summary.frames / summary.wallSeconds : 0;
  const lines = [
    `${committedWords(summary.videos)}, ${alreadyDone} already done, ${skipped} skipped, ${dead} dead  (graph ${summary.graphId})`,
  ];
  if (summary.interrupted) lines.unshift(interruptedText(summary, out));
  else if (
    isNothingDecoded(summary) &&
    dead === 0 &&
    alreadyDone + cached + renamed > 0 &&
    (summary.fleet === undefined || committed === 0)
  ) {
    const where = [
      ...(alreadyDone > 0 ? [`was committed ${cached + renamed > 0 ? 'before' : 'by an earlier run'}`] : []),
      ...(renamed > 0 ? ['was taken over from a renamed item'] : []),
      ...(cached > 0 ? ['came from the cache'] : []),
    ];
    lines.push(`Nothing was decoded: every unit ${where.join(' or ')}.`);
  }
  if (summary.fleet !== undefined) lines.push(`by the workers of a queue: ${fleetText(summary.fleet)} at the end`);
  if (summary.frames + summary.patches > 0) {
    lines.push(
      `${summary.frames} frames and ${summary.patches} audio patches of ${summary.videoSeconds.toFixed(1)} s in ${summary.wallSeconds.toFixed(1)} s: ` +
        `${rate.toFixed(rate < 10 ? 1 : 0)} frames/s, ${(summary.videoSeconds / Math.max(summary.wallSeconds, 1e-9)).toFixed(1)}x real time`,
      `memory: peak ${formatBytes(summary.memory.peakRssBytes)} of ${formatBytes(summary.memory.limitBytes)} (process and decoders), ` +
        `held ${formatBytes(summary.memory.peakHeldBytes)} of ${formatBytes(summary.memory.budgetBytes)} between operators`,
      ...bottleneckLines(summary.operators),
    );
  }
  if (summary.network !== undefined) {
    const { requests, retries, receivedBytes, sentBytes } = summary.network;
    const again = retries > 0 ? ` (${retries} of them retries)` : '';
    lines.push(
      `network: ${requests} requests${again}, ${formatBytes(receivedBytes)} received, ${formatBytes(sentBytes)} sent`,
    );
  }
  if (summary.notes.length > 0)
    lines.push(
      `${summary.notes.length} committed with notes: ${summary.notes
        .map(({ item }) => item)
        .slice(0, NAMED)
        .join(', ')}${summary.notes.length > NAMED ? ', ...' : ''}`,
    );
  if (summary.shard !== undefined) lines.push(shardLine(summary.shard));
  if (summary.inputs !== undefined) {
    const left = summary.interrupted ? 0 : summary.inputs.left; // Said in the first line.
    lines.push(...inputLines({ ...summary.inputs, left }, alreadyDone, out));
  }
  for (const letter of summary.dead) lines.push(`dead: ${letter.item}: ${letter.message} [${letter.code}]`);
  if (dead > 0 && out !== undefined) {
    const dataset = shellPath(out);
    lines.push(
      `See \`reelflow dead list ${dataset}\`; \`reelflow dead retry ${dataset}\` marks them for the next run.`,
    );
  }
  const { device, precision } = summary.execution;
  if (device !== 'cpu' || summary.calibration !== undefined) {
    const cosine = summary.calibration?.cosine;
    const alike =
      cosine && `, cosine similarity to float32 ${cosine.mean.toFixed(5)} (minimum ${cosine.least.toFixed(5)})`;
    lines.push(`computed on ${device}, visual network in ${precision}${alike ?? ''}`);
  }
  for (const { device: name, plannedBytes, usedBytes, totalBytes } of summary.execution.devices ?? []) {
    const used = usedBytes === undefined ? 'it does not report what was used' : `used ${formatBytes(usedBytes)}`;
    const of = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
    lines.push(`memory of ${name}: planned ${formatBytes(plannedBytes)}${of}, ${used}`);
  }
  if (summary.randomWeights.length > 0) {
    lines.push(`${summary.randomWeights.join(' and ')} had RANDOM weights: the features are meaningless.`);
  }
  // A run interrupted during calibration has not started a dataset.
  if (out !== undefined && summary.graphId !== uncalibratedId) lines.push(`dataset: ${out}`);
  return `${lines.join('\n')}\n`;
}
