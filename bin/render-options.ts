import { shellPath, shellWord } from '../src/core/shell-word.ts';
import { type AnyTable, flagOfOption } from './option-table.ts';

/**
 * An option of a command: its flag without dashes, and whether it takes a value; `set` means that
 * it was typed as `--set KEY=VALUE`.
 */
export interface Flag {
  readonly flag: string;
  readonly type: 'string' | 'boolean' | 'set';
}

/** The options of a command by their names in the library. */
export type Flags = ReadonlyMap<string, Flag>;

/** The options of a table by their names in the library. */
export function flagsOf(table: AnyTable): Flags {
  const named = Object.entries(table).flatMap(([name, option]): [string, Flag][] => {
    const flag = { flag: flagOfOption(name, option), type: option.type };
    return [...(option.formerly ?? []), name].map((each) => [each, flag]);
  });
  // A former name never replaces a current one.
  return new Map([...named, ...named.filter(([name]) => Object.hasOwn(table, name))]);
}

/** The flags of a command line, including options that were typed as `--set KEY=VALUE`. */
export function typedFlags(flags: Flags, argv: readonly string[]): Flags {
  const named = argv.flatMap((word, at): [string, Flag][] => {
    const setting = word.startsWith('--set=') ? word.slice('--set='.length) : argv[at - 1] === '--set' ? word : '';
    const [, place = '', key = ''] = /^([^=]*\.)?(\w+)=/.exec(setting) ?? [];
    // In an experiment, a recommender's option is not the experiment's own option of that name.
    if (key === '' || (place !== '' && flags.has(key))) return [];
    return [[key, { flag: `set ${place}${key}`, type: 'set' }]];
  });
  return new Map([...flags, ...named]);
}

/** Rewords a message of the library for the command line. */
export type Render = (text: string) => string;

/**
 * Functions of the library that have a command; `operands` are the options that the command takes
 * by position.
 */
const COMMANDS: Readonly<
  Record<string, { readonly command: string; readonly operands?: readonly string[] | undefined }>
> = {
  extract: { command: 'extract' },
  compact: { command: 'compact' },
  datasetItems: { command: 'status --format csv' },
  prune: { command: 'prune' },
  runWorker: { command: 'worker' },
  importFeatures: { command: 'import-features', operands: ['files'] },
  reduce: { command: 'reduce' },
  fetchCorpus: { command: 'fetch' },
  trainRecommender: { command: 'train', operands: ['recommender'] },
  listNetworks: { command: 'weights list' },
  verifyWeights: { command: 'weights verify' },
  makeCard: { command: 'weights card' },
  pullWeights: { command: 'weights pull', operands: ['name'] },
  importWeights: { command: 'weights import', operands: ['name', 'file'] },
};

/** A value: `'text'`, a number, `true` or `false`, or names with texts. */
const VALUE = String.raw`'[^'\`]*'|-?\d[\d.]*|true|false|\{ \w+: [^\`{}]* \}`;
const BEFORE = String.raw`(?<=^|[\s([])`;
const AFTER = String.raw`(?=$|[\s)\],.;:?!])`;
/** Text in quotes comes from outside, and is left alone. */
const QUOTED = String.raw`${BEFORE}'[^\n]*?'${AFTER}`;
const NAME = String.raw`[A-Za-z]\w*`;
const SETTING = `${NAME}: (?:${VALUE})`;
const MENTION = [
  `(?<option>${NAME})`,
  `(?<settings>${SETTING}(?:, ${SETTING})*)`,
  String.raw`(?<called>${NAME})\((?:'(?<place>[^'\`]*)'|\{ (?<given>${SETTING}(?:, ${SETTING})*) \})?\)`,
].join('|');

/**
 * Turns the library's wording into the command's. The library writes an option in backticks as
 * `maxDuration`, an option with a value as `memory: '907MiB'` (several separated by commas), and a
 * function as `pullWeights({ name: 'alexnet' })` or `compact('features/')`; the user of the command
 * types `--max-duration`, `--memory 907MiB`, `reelflow weights pull alexnet` and `reelflow compact
 * features/`. Names that the command does not have stay unchanged, and so does text from outside: anything in quotes or inside a path, and every text in
 * `outside`.
 *
 * @param outside texts that the user typed, which a message may repeat literally.
 *
 * @example
 * renderOptions(new Map([['memory', { flag: 'memory', type: 'string' }]]))("Give `memory: '907MiB'` or more.");
 */
export function renderOptions(flags: Flags, outside: readonly string[] = []): Render {
  const literal = [...new Set(outside)]
    .filter((text) => text.includes('`'))
    .sort((one, other) => other.length - one.length)
    .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const pattern = new RegExp([...literal, QUOTED, `${BEFORE}\`(?:${MENTION})\`${AFTER}`].join('|'), 'g');
  return (text) =>
    text.replaceAll(pattern, (whole, ...found) => {
      const { option, settings, called, place, given } = found.at(-1) as Readonly<Record<string, string | undefined>>;
      const words =
        settings !== undefined
          ? pairs(settings).map(([name, value]) => settingWords(flags, name, value))
          : [
              option !== undefined && flags.has(option)
                ? `--${flags.get(option)?.flag}`
                : callWords(called ?? option, given, place),
            ];
      return words.includes(undefined) ? whole : `\`${words.join(' ')}\``;
    });
}

/** The fields of results and events that hold the library's messages; all others are data. */
const SPOKEN = new Set(['message', 'remedy', 'problem', 'reason', 'notes', 'says']);

/**
 * A result or an event with the library's messages in it reworded, since users of the command also
 * read `--json` and NDJSON.
 */
export function renderMessages<Value>(value: Value, render: Render): Value {
  return rendered(value, render, false) as Value;
}

function rendered(value: unknown, render: Render, isSpoken: boolean): unknown {
  if (typeof value === 'string') return isSpoken ? render(value) : value;
  if (Array.isArray(value)) return value.map((each) => rendered(each, render, isSpoken));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rendered(each, render, SPOKEN.has(key))]));
}

function settingWords(flags: Flags, name: string, value: string): string | undefined {
  const found = flags.get(name);
  if (value === 'false') {
    const not = flags.get(`no${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    return not && `--${not.flag}`;
  }
  if (found === undefined) return undefined;
  if (found.type === 'boolean') return `--${found.flag}`;
  return `--${found.flag}${found.type === 'set' ? '=' : ' '}${shellWord(plain(value))}`;
}

function callWords(
  called: string | undefined,
  given: string | undefined,
  place: string | undefined,
): string | undefined {
  const { command, operands = [] } =
    (called !== undefined && Object.hasOwn(COMMANDS, called) && COMMANDS[called]) || {};
  if (command === undefined) return undefined;
  const options = new Map(pairs(given ?? ''));
  const placed = operands.flatMap((name) => options.get(name) ?? []).map((value) => shellWord(plain(value)));
  const others = [...options]
    .filter(([name]) => !operands.includes(name))
    .map(([name, value]) => (value === 'true' ? `--${name}` : `--${name} ${shellWord(plain(value))}`));
  if (place !== undefined) placed.unshift(shellPath(place));
  return ['reelflow', command, ...placed, ...others].join(' ');
}

/** `user: 'A', item: 'B'` by names. */
function pairs(text: string): [string, string][] {
  return [...text.matchAll(new RegExp(`(${NAME}): (${VALUE})`, 'g'))].map(([, name = '', value = '']) => [name, value]);
}

/** A value as it is typed. */
function plain(value: string): string {
  if (value.startsWith('{'))
    return pairs(value.slice(2, -2))
      .map(([name, each]) => `${name}=${plain(each)}`)
      .join(',');
  return value.startsWith("'") ? value.slice(1, -1) : value;
}
