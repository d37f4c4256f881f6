import { readFileSync } from 'node:fs';
import { UsageError } from '../src/core/errors.ts';
import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import { didYouMean } from './nearest.ts';
import type { OptionSpec } from './options.ts';

/** A value of an option as the parser gives it. */
export type GivenValue = string | boolean | (string | boolean)[];

/**
 * The options that a configuration file has for a command: JSON with an object for each command, whose keys are the command's
 * options without their dashes, `max-duration` or `maxDuration`. Lists are as `--subclips 10,20` has them.
 *
 * @throws UsageError when the file cannot be read, is not such JSON, or has an option that the command does not have.
 */
export function readConfigFile(
  path: string,
  command: string,
  options: Readonly<Record<string, OptionSpec>>,
): Record<string, GivenValue> {
  const commands = objectOf(path, parsedJson(path));
  const own = objectOf(`${path}: \`${command}\``, commands[command] ?? {});
  return Object.fromEntries(
    Object.entries(own).map(([key, value]) => {
      const flag = flagOf(key);
      const spec = Object.hasOwn(options, flag) ? options[flag] : undefined;
      if (spec === undefined || flag === 'config') {
        throw new UsageError(`${path}: \`${command}\` has no option '${key}'`, {
          remedy: `${didYouMean(flag, Object.keys(options))}See \`reelflow ${command} --help\`.`,
        });
      }
      return [flag, givenValue(`${path}: \`${command}.${key}\``, value, spec)];
    }),
  );
}

function parsedJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function objectOf(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${what} must be a JSON object`, { remedy: 'Such as {"extract": {"memory": "1GiB"}}.' });
}

function givenValue(what: string, value: unknown, { type, multiple }: OptionSpec): GivenValue {
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    throw new UsageError(`${what} must be true or false`);
  }
  const entries = (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    if (typeof entry === 'string' || typeof entry === 'number' || typeof entry === 'boolean') return String(entry);
    throw new UsageError(`${what} must be a text, a number, or a list of these`);
  });
  return multiple ? entries : entries.join(',');
}
