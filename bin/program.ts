import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../src/core/errors.ts';
import { checkOutputs } from './check-outputs.ts';
import { type Command, findByName, isGroup, optionsOf } from './command.ts';
import { Console } from './console.ts';
import { didYouMean } from './did-you-mean.ts';
import { globalLetters, globalOptions, LOG_STYLES, PROGRESS_STYLES } from './global-options.ts';
import { commandHelp, groupHelp, lastWord, programHelp } from './help.ts';
import { flaggedOptions } from './option-table.ts';
import { parseCommand } from './parse-command.ts';
import { loadAll, registry } from './registry.ts';
import { flagsOf, type Render, renderOptions, typedFlags } from './render-options.ts';

/** What a command line requests. */
type Wanted =
  | { readonly print: string; readonly code: number }
  | { readonly command: Command; readonly argv: readonly string[] };

/**
 * Runs a command line and returns the exit code. What is printed before its options are known goes
 * to a provisional console.
 *
 * @throws UsageError for an invalid command line, and whatever the command throws.
 */
export async function runProgram(argv: readonly string[], open: (console: Console) => void): Promise<number> {
  open(consoleBefore(argv));
  const wanted = await wantedOf(argv);
  if ('print' in wanted) {
    process.stdout.write(wanted.print);
    return wanted.code;
  }
  const { command } = wanted;
  const render = renderOptions(typedFlags(flagsOf(optionsOf(command)), wanted.argv), wanted.argv);
  open(consoleBefore(argv, render));
  const { operands, globals, values, further, outputs } = parseCommand(command, wanted.argv);
  const console = new Console({ ...globals, dryRun: values.dryRun === true }, render);
  open(console);
  try {
    await checkOutputs(outputs, values.dryRun === true);
    return await command.run(values, { operands, further, json: globals.json ?? false, console, allCommands: loadAll });
  } finally {
    console.close();
  }
}

/**
 * A console in the requested style, even if the rest of the command line cannot be parsed.
 */
function consoleBefore(argv: readonly string[], render?: Render): Console {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    options: { progress: { type: 'string' }, log: { type: 'string' } },
  });
  const progress = PROGRESS_STYLES.find((style) => style === values.progress) ?? 'line';
  return new Console({ progress, log: LOG_STYLES.find((style) => style === values.log) ?? 'text' }, render);
}

async function wantedOf(argv: readonly string[]): Promise<Wanted> {
  const [first, ...rest] = withGlobalsLast(argv);
  if (first === 'help') return { print: await helpOn(rest), code: 0 };
  if (first === undefined || first.startsWith('-')) {
    const asked = new Set(argv);
    if (asked.has('--version') || asked.has('-V')) return { print: `${version()}\n`, code: 0 };
    checkGlobals(argv);
    return { print: programHelp(await loadAll()), code: asked.has('--help') || asked.has('-h') ? 0 : 2 };
  }
  const typed = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length);
  const wantsHelp = typed.includes('--help') || typed.includes('-h');
  if (typed.includes('--version') || typed.includes('-V')) return { print: `${version()}\n`, code: 0 };
  const entry = await loadedCommand(first);
  if (!isGroup(entry)) {
    return wantsHelp ? { print: commandHelp(entry, rest), code: 0 } : { command: entry, argv: rest };
  }
  const at = rest.findIndex((each) => !each.startsWith('-'));
  if (at === -1) {
    if (wantsHelp) return { print: groupHelp(entry), code: 0 };
    throw new UsageError(`\`reelflow ${entry.name}\` takes one of ${entry.commands.map(lastWord).join(', ')}`, {
      remedy: `See \`reelflow help ${entry.name}\`.`,
    });
  }
  const command = commandOfGroup(entry, rest[at] as string);
  const argvOfCommand = rest.filter((_, index) => index !== at);
  return wantsHelp ? { print: commandHelp(command, argvOfCommand), code: 0 } : { command, argv: argvOfCommand };
}

/**
 * Checks the options of a command line that names no command.
 * @throws UsageError for an option that is not global.
 */
function checkGlobals(argv: readonly string[]): void {
  const flags = flaggedOptions(globalOptions).map(({ flag }) => flag);
  const known = [...flags, ...Object.values(globalLetters)];
  const unknown = argv.map((each) => /^--?([^=]+)/.exec(each)?.[1]).find((name) => name && !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`there is no option '--${unknown}' before a command`, {
    remedy: `${didYouMean(unknown, flags, '--')}Name a command first; see \`reelflow --help\`.`,
  });
}

/**
 * Global options may precede the command: they are moved behind everything that follows it.
 */
function withGlobalsLast(argv: readonly string[]): string[] {
  const known = flaggedOptions(globalOptions);
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith('-')) {
    const [, name = '', value] = /^-{1,2}([^=]*)(=.*)?$/s.exec(argv[at] as string) ?? [];
    const option = known.find(({ flag }) => flag === name || globalLetters[flag] === name);
    at += option?.type === 'string' && value === undefined ? 2 : 1;
  }
  const before = argv.slice(0, at);
  const [command, ...rest] = argv.slice(at);
  if (command === undefined) return before;
  if (command === 'help') return [command, ...rest];
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  return [command, ...rest.slice(0, end), ...before, ...rest.slice(end)];
}

async function helpOn([name, sub]: readonly string[]): Promise<string> {
  if (name === undefined || name.startsWith('-')) return programHelp(await loadAll());
  const entry = await loadedCommand(name);
  if (!isGroup(entry)) return commandHelp(entry, sub === undefined ? [] : [sub]);
  return sub === undefined ? groupHelp(entry) : commandHelp(commandOfGroup(entry, sub));
}

async function loadedCommand(name: string) {
  const found = findByName(registry, name);
  if (found !== undefined) return (await found.load()).command;
  const names = registry.map((each) => each.name);
  throw new UsageError(`there is no command '${name}'`, {
    remedy: `${didYouMean(name, names)}Commands: ${names.join(', ')}.`,
  });
}

function commandOfGroup(group: { readonly name: string; readonly commands: readonly Command[] }, sub: string): Command {
  const found = findByName(group.commands, `${group.name} ${sub}`);
  if (found !== undefined) return found;
  const names = group.commands.map(lastWord);
  throw new UsageError(`\`reelflow ${group.name}\` has no command '${sub}'`, {
    remedy: `${didYouMean(sub, names)}It has ${names.join(', ')}.`,
  });
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
