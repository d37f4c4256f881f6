import { UsageError } from '../src/core/errors.ts';
import { type Command, findByName } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { typedOnly } from './global-options.ts';
import { readJsonFile } from './json-file.ts';
import { type AnyTable, type FlaggedOption, findOption, flaggedOptions, type Given } from './option-table.ts';
import { registry } from './registry.ts';

/**
 * The options that a configuration file sets for a command. The file is JSON with an object for
 * each command, whose keys are the command's options without their dashes, `max-duration` or
 * `maxDuration`. Lists are written as in `--subclips 10,20`.
 *
 * @throws UsageError when the file cannot be read, is not such JSON, or has an option that the
 * command does not have.
 */
export function readConfigFile(path: string, command: Command, table: AnyTable): Given {
  const commands = objectOf(path, readJsonFile(path));
  for (const section of Object.keys(commands)) checkSection(path, section, command.name, table);
  const name = [command.name, ...(command.formerly ?? [])].find((each) => Object.hasOwn(commands, each));
  if (name === undefined) return new Map();
  const given = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(objectOf(`${path}: \`${name}\``, commands[name]))) {
    const option = findOption(table, key);
    if (option !== undefined && typedOnly.includes(option.flag)) {
      throw new UsageError(`${path}: \`${name}\` cannot have the option '${key}'`, {
        remedy: 'Give it on the command line.',
      });
    }
    if (option === undefined) {
      const flags = flaggedOptions(table).map(({ flag }) => flag);
      throw new UsageError(`${path}: \`${name}\` has no option '${key}'`, {
        remedy: `${didYouMean(key, flags)}See \`reelflow ${command.name} --help\`.`,
      });
    }
    if (given.has(option.flag)) throw new UsageError(`${path}: \`${name}\` has the option '${option.flag}' twice`);
    const texts = textsOf(`${path}: \`${name}.${key}\``, value, option);
    if (texts !== undefined) given.set(option.flag, texts);
  }
  return given;
}

/**
 * A section that names no command is a mistake: a misspelt command would run without its options.
 */
function checkSection(path: string, section: string, command: string, table: AnyTable): void {
  const names = registry.map(({ name }) => name);
  const [word = ''] = section.split(' ');
  if (findByName(registry, word) !== undefined) return;
  throw new UsageError(`${path} has options for '${section}', but there is no such command`, {
    remedy:
      findOption(table, section) === undefined
        ? `${didYouMean(word, names)}Commands: ${names.join(', ')}.`
        : `Put the options of a command below its name: {"${command}": {"${section}": ...}}.`,
  });
}

function objectOf(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${what} must be a JSON object`, { remedy: 'For example {"extract": {"memory": "1GiB"}}.' });
}

/** A value as it would be typed; undefined for a switch that is off. */
function textsOf(what: string, value: unknown, { type, multiple }: FlaggedOption): readonly string[] | undefined {
  if (type === 'boolean') {
    if (typeof value !== 'boolean') throw new UsageError(`${what} must be true or false`);
    return value ? [] : undefined;
  }
  const entries = (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    if (typeof entry === 'string' || typeof entry === 'number' || typeof entry === 'boolean') return String(entry);
    throw new UsageError(`${what} must be a string, a number, or a list of these`);
  });
  return multiple ? entries : [entries.join(',')];
}
