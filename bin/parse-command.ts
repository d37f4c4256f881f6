import { parseArgs } from 'node:util';
import { UsageError } from '../src/core/errors.ts';
import { nearestOf } from '../src/core/nearest.ts';
import { type Output, outputsOf } from './check-outputs.ts';
import { type Command, optionsOf } from './command.ts';
import { readConfigFile } from './config-file.ts';
import { didYouMean } from './did-you-mean.ts';
import { type GlobalValues, globalLetters, globalOptions } from './global-options.ts';
import {
  type AnyTable,
  findOption,
  flaggedOptions,
  type Given,
  type OptionValues,
  readOptions,
} from './option-table.ts';

/** What was typed after a command's name, checked and parsed. */
export interface ParsedCommand {
  readonly operands: readonly string[];
  readonly globals: GlobalValues;
  readonly values: OptionValues<AnyTable>;
  readonly further: OptionValues<AnyTable>;
  readonly outputs: readonly Output[];
}

/**
 * Parses what follows the command's name, and adds the options in the file given by `--config`.
 *
 * @throws UsageError for an unknown option (naming the nearest), a missing or superfluous operand,
 * or a value that is not valid.
 */
export function parseCommand(command: Command, argv: readonly string[]): ParsedCommand {
  const table = { ...optionsOf(command), ...globalOptions };
  const { positionals, given: typed } = typedOptions(command, table, argv);
  const config = typed.get('config')?.at(-1);
  const given: Given = new Map([...(config === undefined ? [] : readConfigFile(config, command, table)), ...typed]);
  const globals = readOptions(given, globalOptions);
  const operands = checkOperands(command, positionals);
  return {
    operands,
    globals,
    values: readOptions(given, command.options),
    further: readOptions(given, command.further ?? {}),
    outputs: outputsOf(given, table),
  };
}

/** The options in the form that `parseArgs` takes, including older spellings. */
function parserOptions(table: AnyTable) {
  return Object.fromEntries(
    flaggedOptions(table).flatMap(({ flag, type, multiple = false, formerly = [] }) => {
      const isGlobal = Object.hasOwn(table, flag) && table[flag] === globalOptions[flag as 'help'];
      const letter = isGlobal ? globalLetters[flag] : undefined;
      return [flag, ...formerly].map((name) => [
        name,
        letter !== undefined && name === flag ? { type, multiple, short: letter } : { type, multiple },
      ]);
    }),
  );
}

function typedOptions(command: Command, table: AnyTable, argv: readonly string[]) {
  const { positionals, values } = parsedBy(command, table, () =>
    parseArgs({ args: [...argv], options: parserOptions(table), allowPositionals: true, strict: true }),
  );
  const given = new Map<string, readonly string[]>();
  for (const [written, value] of Object.entries(values)) {
    const flag = findOption(table, written)?.flag ?? written;
    if (given.has(flag)) {
      throw new UsageError(`\`--${written}\` is an older name of \`--${flag}\`: give one of them`);
    }
    given.set(
      flag,
      [value].flat().filter((each) => typeof each === 'string'),
    );
  }
  return { positionals, given };
}

function parsedBy<Parsed>(command: Command, table: AnyTable, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    const message =
      error instanceof Error ? (error.message.split(/\. To specify|\n/)[0] ?? error.message) : String(error);
    const see = `See \`reelflow ${command.name} --help\`.`;
    const [, ambiguous] = /^Option '(?:-\w, )?--([^ ']+)[^']*' argument is ambiguous/.exec(message) ?? [];
    if (ambiguous !== undefined) {
      throw new UsageError(`\`--${ambiguous}\` needs a value, but what follows it begins with a dash`, {
        remedy: `If that is the value, write \`--${ambiguous}=-...\`.`,
        cause: error,
      });
    }
    const [, missing] = /^Option '(?:-\w, )?--([^ ']+)[^']*' argument missing/.exec(message) ?? [];
    if (missing !== undefined) throw new UsageError(`\`--${missing}\` needs a value`, { remedy: see, cause: error });
    const [, without] = /^Option '(?:-\w, )?--([^ ']+)' does not take an argument/.exec(message) ?? [];
    if (without !== undefined) throw new UsageError(`\`--${without}\` takes no value`, { remedy: see, cause: error });
    const unknown = /^Unknown option '--?([^']+)'/.exec(message)?.[1];
    const near = unknown === undefined ? '' : nearOption(unknown, table);
    throw new UsageError(message, { remedy: `${near}${see}`, cause: error });
  }
}

/** `Did you mean ...? ` for an option, even if only an older spelling of it is near. */
function nearOption(unknown: string, table: AnyTable): string {
  const options = flaggedOptions(table);
  const near = didYouMean(
    unknown,
    options.map(({ flag }) => flag),
    '--',
  );
  if (near !== '') return near;
  const older = nearestOf(
    unknown,
    options.flatMap(({ formerly = [] }) => formerly),
  );
  return older === undefined ? '' : `Did you mean --${findOption(table, older)?.flag}? `;
}

function checkOperands(command: Command, operands: readonly string[]): readonly string[] {
  const isMany = (each: string) => /\.\.\.\]?$/.test(each);
  const most = command.operands.some(isMany) ? Number.POSITIVE_INFINITY : command.operands.length;
  const least = command.operands.filter((each) => !each.startsWith('[') && !isMany(each)).length;
  if (operands.length >= least && operands.length <= most && !operands.includes('')) return operands;
  const wanted = command.operands.length === 0 ? 'no operands' : command.operands.join(' ');
  const came = operands.length === 0 ? 'nothing' : `'${operands.join(' ').slice(0, 120)}'`;
  throw new UsageError(`\`reelflow ${command.name}\` takes ${wanted}, got ${came}`, {
    remedy: `See \`reelflow ${command.name} --help\`.`,
  });
}
