import { parseArgs } from 'node:util';
import { UsageError } from '../src/core/errors.ts';
import { readConfigFile } from './config-file.ts';
import { didYouMean } from './nearest.ts';
import { type Flags, type Render, renderMessages, renderOptions } from './render-options.ts';

/** One option of a command: what `--help` prints and what the parser accepts. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** How the value is named in the help, for instance `DIR`. */
  readonly value?: string;
  readonly does: string;
  readonly multiple?: boolean;
  /** The library's name of it, where that is not its flag in camel case. */
  readonly name?: string;
}

/** A command of the command line. */
export interface Command {
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  readonly does: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** The options to print where what follows the command says which are of use: `train svd --help`. */
  helpOptions?(argv: readonly string[]): Readonly<Record<string, OptionSpec>>;
  /** Returns the exit code. */
  run(args: Arguments): Promise<number>;
}

/** Parsed arguments with typed access; every reader says what was expected when a value does not fit. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>,
    /** Gives what the library says in the words of the command that runs. */
    readonly render: Render = (text) => text,
  ) {}

  /** A result of the library, with what it says in the words of the command. */
  rendered<Value>(result: Value): Value {
    return renderMessages(result, this.render);
  }

  /** The option's text, or undefined when it was not given. */
  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** The option's text. @throws UsageError when it was not given. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '')
      throw new UsageError(`\`--${name}\` is required`, { remedy: 'See --help.' });
    return value;
  }

  /** The texts of an option that may be given again, in the order given. */
  texts(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
  }

  /** @throws UsageError when there are operands, of a command that takes none. */
  none(command: string): void {
    if (this.positionals.length > 0) {
      throw new UsageError(`\`reelflow ${command}\` takes no operands, but '${this.positionals[0]}' came`);
    }
  }

  /** Whether a switch was given. */
  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** A whole number of at least 1, or undefined. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text) || Number(text) < 1 || !Number.isSafeInteger(Number(text))) {
      throw new UsageError(`\`--${name}\` must be a whole number of at least 1, but is '${text}'`);
    }
    return Number(text);
  }

  /** A number above zero, or undefined. */
  positive(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number) || number <= 0) {
      throw new UsageError(`\`--${name}\` must be a number above 0, but is '${text}'`);
    }
    return number;
  }

  /** A number of at least 0, or undefined. */
  notNegative(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
      throw new UsageError(`\`--${name}\` must be a number of at least 0, but is '${text}'`);
    }
    return number;
  }

  /** A comma-separated list, or undefined. */
  list(name: string): string[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }
}

/** Options of every command. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: 'string',
    value: 'FILE',
    does: 'options from a JSON file, {"COMMAND": {...}}; what is typed comes first',
  },
};

/**
 * Parses what follows the command's name, and lays it over the options of `--config`.
 *
 * @throws UsageError for an unknown option, naming the nearest, or a missing value; or when the configuration does not fit.
 */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const specs = { ...command.options, ...commonOptions };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, { type: spec.type, multiple: spec.multiple ?? false }]),
  );
  const parsed = parsedBy(command, () => parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }));
  const { config } = parsed.values;
  const values = typeof config === 'string' ? readConfigFile(config, command.name, specs) : {};
  return new Arguments(parsed.positionals, { ...values, ...parsed.values }, renderOptions(flagsOf(command), argv));
}

/** The options of a command by the library's names of them. */
export function flagsOf({ options }: Pick<Command, 'options'>): Flags {
  const camel = (flag: string) => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return new Map(Object.entries(options).map(([flag, { name, type }]) => [name ?? camel(flag), { flag, type }]));
}

function parsedBy<Parsed>(command: Command, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    const message =
      error instanceof Error ? (error.message.split(/\. To specify|\n/)[0] ?? error.message) : String(error);
    const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1];
    const near = unknown === undefined ? '' : didYouMean(unknown, Object.keys(command.options), '--');
    throw new UsageError(message, { remedy: `${near}See \`reelflow ${command.name} --help\`.`, cause: error });
  }
}

/** The text of `reelflow COMMAND --help`, with what stands beside `--help`. */
export function commandHelp(command: Command, argv: readonly string[] = []): string {
  const options = { ...(command.helpOptions?.(argv) ?? command.options), ...commonOptions };
  const rows = Object.entries(options).map(([name, spec]) => [
    `--${name}${spec.type === 'string' ? ` ${spec.value ?? 'VALUE'}` : ''}`,
    spec.does,
  ]);
  const width = Math.max(0, ...rows.map(([left]) => left?.length ?? 0));
  return [
    `reelflow ${command.name}: ${command.does}`,
    '',
    `usage: reelflow ${command.name} ${command.usage}`.trimEnd(),
    '',
    ...rows.map(([left, right]) => `  ${left?.padEnd(width)}  ${right}`),
    ...(command.examples.length > 0 ? ['', 'examples:', ...command.examples.map((line) => `  ${line}`)] : []),
    '',
  ].join('\n');
}
