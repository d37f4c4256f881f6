import { UsageError } from '../src/core/errors.ts';
import { printable } from '../src/core/printable.ts';
import { importModel } from '../src/graphs/models/import-model.ts';
import type { ModelReport } from '../src/graphs/models/model-report.ts';
import { pullModel } from '../src/graphs/models/pull-model.ts';
import { longestTimeout } from '../src/io/model-store/download.ts';
import { formatBytes } from '../src/operators/budget.ts';
import { openByteProgress } from './byte-progress.ts';
import type { Arguments } from './options.ts';

/** `reelflow models import`. */
export async function importCommand(args: Arguments, name: string, file: string, signal: AbortSignal): Promise<number> {
  const progress = openByteProgress(`copying ${printable(file)}`, process.stderr);
  try {
    const report = await importModel({
      ...{ name, file, replace: args.flag('replace'), signal },
      ...sha256Of(args),
      onBytes: progress.show,
    });
    progress.close();
    return tell(args, report);
  } finally {
    progress.close();
  }
}

/** `reelflow models pull`. */
export async function pullCommand(args: Arguments, name: string, signal: AbortSignal): Promise<number> {
  const progress = openByteProgress(`pulling ${name}`, process.stderr);
  const source = args.text('source');
  const timeoutSeconds = args.positive('timeout');
  if (timeoutSeconds !== undefined && timeoutSeconds > longestTimeout) {
    throw new UsageError(`\`--timeout\` must be at most ${longestTimeout} seconds, but is ${timeoutSeconds}`);
  }
  try {
    const report = await pullModel({
      ...{ name, replace: args.flag('replace'), signal },
      ...sha256Of(args),
      ...(source !== undefined && { source }),
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      onBytes: progress.show,
      onMessage: (line) => progress.say(printable(args.render(line))),
    });
    progress.close();
    return tell(args, report);
  } finally {
    progress.close();
  }
}

function sha256Of(args: Arguments): { readonly sha256?: string } {
  const sha256 = args.text('sha256');
  return sha256 === undefined ? {} : { sha256 };
}

const done = { added: 'stored', same: 'the very same file is stored already; nothing was done', replaced: 'replaced' };

function tell(args: Arguments, report: ModelReport): number {
  const { name, outcome, path, sha256, bytes, origin, licence, format, tensors, lackingLayers } = report;
  const lines = [
    `${name}: ${done[outcome]}`,
    `  from     ${origin} (${format}, ${tensors} tensors, ${formatBytes(bytes)})`,
    `  SHA-256  ${sha256}`,
    `  licence  ${licence ?? "not known; it is the file's own"}`,
    `  file     ${path}`,
    ...(lackingLayers.length > 0
      ? [`  lacks    tensors of the layers ${lackingLayers.join(', ')}: these are not possible with it`]
      : []),
  ];
  process.stdout.write(
    args.flag('json') ? `${JSON.stringify(report)}\n` : `${lines.map((text) => printable(text)).join('\n')}\n`,
  );
  return 0;
}
