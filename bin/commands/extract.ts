import { UsageError } from '../../src/errors.ts';
import { type ExtractSummary, extract } from '../../src/graphs/extract.ts';
import { encodingOption, extractionOptions, readEncoding, readExtractionOptions } from '../extraction-options.ts';
import { catchInterrupts } from '../interrupts.ts';
import type { Arguments, Command } from '../options.ts';
import { openProgress, type ProgressStyle } from '../progress.ts';
import { summaryText } from '../summary.ts';

/** `reelflow extract`: videos to a feature dataset. */
export const command: Command = {
  name: 'extract',
  usage: 'INPUT... --out DIR [options]',
  does: 'videos (files, directories, globs, or a manifest) to a feature dataset',
  options: {
    out: { type: 'string', value: 'DIR', does: 'the dataset; an existing one of the same graph is resumed' },
    ...extractionOptions,
    'allow-partial': { type: 'boolean', does: 'keeps what could be decoded of a damaged file, marked as partial' },
    'allow-dead': { type: 'boolean', does: 'exits 0 even when there are dead letters' },
    'no-compact': { type: 'boolean', does: 'leaves the Parquet tables to a later `reelflow compact`' },
    encoding: encodingOption,
    progress: { type: 'string', value: 'line|ndjson|none', does: 'default: a line on a terminal, NDJSON elsewhere' },
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
  },
  examples: [
    'reelflow extract trailers/ --out features/ --memory 1GiB',
    'reelflow extract trailers/*.mp4 --out features/ --subclips 10,20 --aggregate mean,medmad',
    'reelflow extract clip.mp4 --out features/ --visual squeezenet/card.json --audio none --fps 2',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const options = { ...readExtractionOptions(args), ...readEncoding(args), out: args.required('out') };
  const view = openProgress(progressStyle(args.text('progress')), process.stderr);
  const interrupts = catchInterrupts((line) => view.say(line));
  let summary: ExtractSummary;
  try {
    summary = await extract({
      ...options,
      allowPartial: args.flag('allow-partial'),
      compact: !args.flag('no-compact'),
      drain: interrupts.drain,
      signal: interrupts.stop,
      onProgress: (progress) => view.show(progress),
      onMessage: (message) => view.say(message),
    });
  } finally {
    interrupts.release();
    view.close();
  }
  process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : summaryText(summary, options.out));
  return exitCode(summary, args.flag('allow-dead'));
}

function progressStyle(text: string | undefined): ProgressStyle {
  if (text === undefined) return process.stderr.isTTY ? 'line' : 'ndjson';
  if (text === 'line' || text === 'ndjson' || text === 'none') return text;
  throw new UsageError(`\`--progress\` must be line, ndjson or none, but is '${text}'`);
}

/** 130 interrupted; 1 the tables could not be written, or every input is dead; 0 nothing dead, or allowed; 3 some dead. */
export function exitCode(summary: ExtractSummary, allowDead: boolean): number {
  if (summary.interrupted) return 130;
  if (summary.failure !== undefined) return 1;
  const { committed, alreadyDone, skipped, dead } = summary.videos;
  if (dead === 0 || allowDead) return 0;
  return committed + alreadyDone + skipped === 0 ? 1 : 3;
}
