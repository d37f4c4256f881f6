import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../src/core/errors.ts';
import { printable } from '../src/core/printable.ts';
import {
  type ImportWeightsOptions,
  importWeights,
  type PlannedImport,
  plannedImport,
} from '../src/graphs/weights/import-weights.ts';
import {
  type PlannedPull,
  type PullWeightsOptions,
  plannedPull,
  pullWeights,
} from '../src/graphs/weights/pull-weights.ts';
import { checkWeightName, weightNames } from '../src/graphs/weights/weight-names.ts';
import type { WeightsReport } from '../src/graphs/weights/weights-report.ts';
import { removeWeights } from '../src/io/weights-store/remove-weights.ts';
import { longestTimeout } from '../src/io/weights-store/weights-download.ts';
import { weightsDirectory } from '../src/io/weights-store/weights-store.ts';
import { formatBytes } from '../src/operators/budget.ts';
import { defineCommand } from './command.ts';
import type { Console } from './console.ts';
import { untilInterrupted } from './interrupts.ts';
import { finiteNumber, flag, type OptionTable, parsed, text } from './option-table.ts';

const storing = {
  replace: flag('replaces what is stored'),
  sha256: text('HEX', 'the SHA-256 that the file must have'),
} satisfies OptionTable<ImportWeightsOptions & PullWeightsOptions>;

/** `reelflow weights import`. */
export const importCommand = defineCommand({
  name: 'weights import',
  operands: ['NAME', 'FILE'],
  operandWords: weightNames,
  does: "stores a file of a network's weights",
  options: { ...storing, dryRun: flag('reads the file and says what would be stored') },
  examples: ['reelflow weights import alexnet alexnet-owt-7be5be79.pth'],
  run: ({ dryRun = false, ...values }, { operands: [name = '', file = ''], console }) =>
    untilInterrupted(console, 'stopping', async (signal) => {
      if (dryRun) {
        console.result(await plannedImport({ ...values, name, file, signal }), plannedImportText);
        return 0;
      }
      const onBytes = bytesShown(console, `copying ${printable(file)}`);
      console.result(await importWeights({ ...values, name, file, signal, onBytes }), reportText);
      return 0;
    }),
});

/** `reelflow weights pull`. */
export const pullCommand = defineCommand({
  name: 'weights pull',
  operands: ['NAME'],
  operandWords: weightNames,
  does: 'downloads the weights of a network from their official source',
  options: {
    ...storing,
    source: text('URL', 'a mirror instead of the official address'),
    timeoutSeconds: {
      ...parsed(
        'SECONDS',
        `how long to wait for a response and for more data; at most ${longestTimeout}`,
        timeoutOf,
        '30',
      ),
      flag: 'timeout',
    },
    dryRun: flag('only says what would be downloaded, and to where'),
  } satisfies OptionTable<PullWeightsOptions & { dryRun: boolean }>,
  examples: ['reelflow weights pull alexnet'],
  run: async ({ dryRun = false, ...values }, { operands: [name = ''], console }) => {
    if (dryRun) {
      console.result(plannedPull({ ...values, name }), plannedText);
      return 0;
    }
    const first =
      'stopping; what was downloaded is kept, and the same command resumes from it if the server allows that';
    return untilInterrupted(console, first, async (signal) => {
      const onBytes = bytesShown(console, `pulling ${name}`);
      const onMessage = (line: string) => console.note(printable(line), { item: name });
      console.result(await pullWeights({ ...values, name, signal, onBytes, onMessage }), reportText);
      return 0;
    });
  },
});

/** `reelflow weights remove`. */
export const removeCommand = defineCommand({
  name: 'weights remove',
  operands: ['NAME'],
  operandWords: weightNames,
  does: "removes a network's weights from the store",
  options: { dryRun: flag('only says what would be removed') },
  examples: ['reelflow weights remove alexnet'],
  async run({ dryRun = false }, { operands: [given], console }) {
    const name = checkWeightName(given);
    const path = join(weightsDirectory(), name);
    const isThere = dryRun ? existsSync(path) : await removeWeights(name);
    console.result({ name, path, removed: isThere && !dryRun, wouldRemove: isThere && dryRun }, () =>
      isThere
        ? `${name}: ${dryRun ? 'would be removed' : 'removed'} (${printable(path)})\n`
        : `${name}: no weights are stored\n`,
    );
    return 0;
  },
});

function plannedImportText({ name, file, sha256, bytes, outcome, path }: PlannedImport): string {
  const what = `${printable(file)} (SHA-256 ${sha256}, ${formatBytes(bytes)})`;
  if (outcome === 'same') return `${name}: exactly this file is already stored (${printable(path)})\n`;
  return `${name}: ${what} would be stored in ${printable(path)}${outcome === 'replaced' ? ', replacing what is there' : ''}\n`;
}

function plannedText({ name, from, path, bytes }: PlannedPull): string {
  if (from === undefined) return `${name}: this file is already stored (${printable(path)})\n`;
  const size = bytes === undefined ? '' : ` (${formatBytes(bytes)})`;
  return `${name}: would be downloaded from ${printable(from)}${size} to ${printable(path)}\n`;
}

function timeoutOf(given: string, name: string): number {
  const seconds = finiteNumber(given, name, 'a number above 0');
  if (seconds > 0 && seconds <= longestTimeout) return seconds;
  throw new UsageError(
    seconds > 0
      ? `\`--${name}\` must be at most ${longestTimeout} seconds, but is ${seconds}`
      : `\`--${name}\` must be a number above 0, but is '${given}'`,
  );
}

/** Shows the progress of a transfer. */
function bytesShown(console: Console, what: string): (done: number, total: number | undefined) => void {
  const start = Date.now();
  console.stage(what);
  return (done, total) => {
    const seconds = Math.max(0.001, (Date.now() - start) / 1000);
    console.progress({ bytes: done, totalBytes: total ?? null, wallSeconds: seconds }, () => {
      const part =
        total === undefined ? '' : ` of ${formatBytes(total)} (${Math.floor((100 * done) / Math.max(1, total))} %)`;
      return `${what}: ${formatBytes(done)}${part}  ${formatBytes(Math.round(done / seconds))}/s`;
    });
  };
}

const done = { added: 'stored', same: 'the same file is already stored; nothing was done', replaced: 'replaced' };

function reportText(report: WeightsReport): string {
  const { name, outcome, path, sha256, bytes, origin, licence, format, tensors, lackingLayers } = report;
  const lines = [
    `${name}: ${done[outcome]}`,
    `  from     ${origin} (${format}, ${tensors} tensors, ${formatBytes(bytes)})`,
    `  SHA-256  ${sha256}`,
    `  licence  ${licence ?? 'unknown; see where the file comes from'}`,
    `  file     ${path}`,
    ...(lackingLayers.length > 0
      ? [`  lacks    tensors of the layers ${lackingLayers.join(', ')}: they are not available with these weights`]
      : []),
  ];
  return `${lines.map((line) => printable(line)).join('\n')}\n`;
}
