#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { ModelError, ReelflowError, UsageError } from '../src/core/errors.ts';
import { systemFault } from '../src/core/system-fault.ts';
import { didYouMean } from './nearest.ts';
import { type Command, commandHelp, parseArguments } from './options.ts';

/** Every command by name; its module is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  fetch: () => import('./commands/fetch.ts'),
  extract: () => import('./commands/extract.ts'),
  explain: () => import('./commands/explain.ts'),
  compact: () => import('./commands/compact.ts'),
  reduce: () => import('./commands/reduce.ts'),
  status: () => import('./commands/status.ts'),
  prune: () => import('./commands/prune.ts'),
  dead: () => import('./commands/dead.ts'),
  evaluate: () => import('./commands/evaluate.ts'),
  experiment: () => import('./commands/experiment.ts'),
  models: () => import('./commands/models.ts'),
  doctor: () => import('./commands/doctor.ts'),
  train: () => import('./commands/train.ts'),
  recommend: () => import('./commands/recommend.ts'),
  demo: () => import('./commands/demo.ts'),
};

async function help(): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...loaded.map(({ command }) => command.name.length));
  return [
    'reelflow: audiovisual corpora to feature datasets, under a memory budget that holds',
    '',
    'usage: reelflow COMMAND ...        reelflow COMMAND --help for its options',
    '',
    ...loaded.map(({ command }) => `  ${command.name.padEnd(width)}  ${command.does}`),
    '',
    'exit codes: 0 done; 3 finished with dead letters; 1 every input dead, or the run failed;',
    '            2 wrong usage, no inputs, or a bound that cannot hold; 130 interrupted, the work kept',
    '',
  ].join('\n');
}

/** The version in the package's own `package.json`, from the source tree and from `dist` alike. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('package.json was not found beside the program');
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await help());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    throw new UsageError(`there is no command '${name}'`, {
      remedy: `${didYouMean(name, Object.keys(commands))}Commands: ${Object.keys(commands).join(', ')}.`,
    });
  }
  const { command } = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(commandHelp(command, rest));
    return 0;
  }
  return command.run(parseArguments(command, rest));
}

/** A reader that goes away (`reelflow ... | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A command that streams to stdout listens itself, and ends its work in good order.
  if (process.stdout.listenerCount('error') > 1) return;
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

let finished = false;
process.on('exit', (code) => {
  if (finished || code !== 13) return;
  process.stderr.write('reelflow: ended before its work was done; this is a fault of reelflow [internal]\n');
  process.exitCode = 1;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (fault) {
  const lacking = systemFault(fault);
  const error = lacking?.code === 'open-files' ? lacking : fault;
  if (!(error instanceof ReelflowError)) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    process.stderr.write(`reelflow: ${message} [${code}]\n`);
    process.exit(1);
  }
  process.stderr.write(`reelflow: ${error.message} [${error.code}]\n`);
  if (error.remedy !== undefined) process.stderr.write(`  ${error.remedy}\n`);
  const failed = ['session', 'disk-full', 'download'].includes(error.code);
  const refused = !failed && (error instanceof UsageError || error instanceof ModelError);
  process.exitCode = refused ? 2 : 1;
}
finished = true;
