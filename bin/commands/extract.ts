import { checkOneOf } from '../../src/core/check.ts';
import { UsageError } from '../../src/core/errors.ts';
import { extract } from '../../src/graphs/extract.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { DUPLICATES } from '../../src/operators/embed.ts';
import { extractionOptions, readExtractionOptions, readStorage, storageOptions } from '../extraction-options.ts';
import { catchInterrupts, drainNotice } from '../interrupts.ts';
import type { Arguments, Command } from '../options.ts';
import { openProgress, type ProgressStyle } from '../progress.ts';
import { summaryText } from '../summary.ts';

/** `reelflow extract`: videos to a feature dataset. */
export const command: Command = {
  name: 'extract',
  usage: 'INPUT... --out DIR|- [options]',
  does: 'videos (files, directories, globs, or a manifest) to a feature dataset',
  options: {
    out: { type: 'string', value: 'DIR', does: 'the dataset; an existing one of the same graph is resumed' },
    ...extractionOptions,
    'allow-partial': { type: 'boolean', does: 'keeps what could be decoded of a damaged file, marked as partial' },
    'allow-dead': { type: 'boolean', does: 'exits 0 even when there are dead letters' },
    cache: {
      type: 'string',
      value: 'URI|none',
      does: 'units made for any dataset are kept there and found again: an SQLite file, redis://, postgresql:// (default none)',
    },
    format: {
      type: 'string',
      value: 'parquet|arrow',
      does: 'tables beside the units (default parquet), or the Arrow units alone; arrow with --out - streams them to stdout',
    },
    'no-compact': { type: 'boolean', does: 'leaves the Parquet tables to a later `reelflow compact`' },
    ...storageOptions,
    duplicates: {
      type: 'string',
      value: 'once|compute',
      does: 'frames equal to a recent one of their video take its vector, or are computed; the values are the same (default once)',
    },
    progress: { type: 'string', value: 'line|ndjson|none', does: 'default: a line on a terminal, NDJSON elsewhere' },
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
  },
  examples: [
    'reelflow extract trailers/ --out features/ --memory 1GiB',
    'reelflow extract trailers/*.mp4 --out features/ --subclips 10,20 --aggregate mean,medmad',
    'reelflow extract clip.mp4 --out features/ --visual squeezenet/card.json --audio none --fps 2',
    'reelflow extract trailers/ --out features/ --cache sqlite:///var/cache/reelflow.sqlite',
    'reelflow extract trailers/ --format arrow --out - | reader    (one record batch per video; nothing is kept to resume)',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const shared = readExtractionOptions(args);
  const { out, directory, tables } = readOutput(args);
  const view = openProgress(progressStyle(args.text('progress')), process.stderr);
  const interrupts = catchInterrupts((line) => view.say(line), drainNotice('videos'));
  let summary: RunSummary;
  try {
    summary = await extract({
      ...shared,
      ...readStorage(args),
      out,
      cache: args.text('cache'),
      duplicates: checkOneOf('--duplicates', args.text('duplicates') ?? 'once', DUPLICATES),
      allowPartial: args.flag('allow-partial'),
      compact: tables,
      drain: interrupts.drain,
      signal: interrupts.stop,
      onProgress: (progress) => view.show(progress),
      onMessage: (message) => view.say(args.render(message)),
    });
  } finally {
    interrupts.release();
    view.close();
  }
  summary = args.rendered(summary);
  if (directory === undefined) process.stderr.write(summaryText(summary, undefined));
  else process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : summaryText(summary, directory));
  return exitCode(summary, args.flag('allow-dead'));
}

/** Where the features go: a directory with or without tables, or stdout. */
function readOutput(args: Arguments) {
  const directory = args.required('out');
  const format = args.text('format');
  if (format !== undefined && format !== 'parquet' && format !== 'arrow') {
    throw new UsageError(`\`--format\` must be parquet or arrow, but is '${format}'`);
  }
  if (directory !== '-') {
    return { out: directory, directory, tables: format !== 'arrow' && !args.flag('no-compact') };
  }
  if (format !== 'arrow') {
    throw new UsageError('`--out -` writes an Arrow stream to stdout, and needs `--format arrow`', {
      remedy: 'Add --format arrow, or name a directory (./- for one of that name).',
    });
  }
  if (args.flag('json')) {
    throw new UsageError('`--json` and `--out -` both write to stdout', {
      remedy: 'Leave --json out: the summary goes to stderr as text, and --progress ndjson tells how far it is.',
    });
  }
  if (process.stdout.isTTY) {
    throw new UsageError('`--out -` writes binary data, but stdout is a terminal', {
      remedy: 'Pipe it into a program that reads Arrow, or redirect it to a file.',
    });
  }
  return { out: process.stdout, directory: undefined, tables: false };
}

function progressStyle(text: string | undefined): ProgressStyle {
  if (text === undefined) return process.stderr.isTTY ? 'line' : 'ndjson';
  if (text === 'line' || text === 'ndjson' || text === 'none') return text;
  throw new UsageError(`\`--progress\` must be line, ndjson or none, but is '${text}'`);
}

/** 130 interrupted; 0 the reader of the stream went away, nothing dead, or allowed; 1 the tables could not be written, or every input is dead; 3 some dead. */
export function exitCode(summary: RunSummary, allowDead: boolean): number {
  if (summary.interrupted) return 130;
  if (summary.readerGone) return 0;
  if (summary.failure !== undefined) return 1;
  const { committed, alreadyDone, skipped, dead } = summary.videos;
  if (dead === 0 || allowDead) return 0;
  return committed + alreadyDone + skipped === 0 ? 1 : 3;
}
