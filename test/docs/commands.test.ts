import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Command, findByName, isGroup, optionsOf } from '../../bin/command.ts';
import { globalOptions } from '../../bin/global-options.ts';
import { lastWord } from '../../bin/help.ts';
import { findOption } from '../../bin/option-table.ts';
import { loadAll, registry } from '../../bin/registry.ts';
import { codeBlocks, pages, pageText } from '../fixtures/docs.ts';

// A reader types these. Whatever README and guide show of the command line must exist: the command,
// what follows it where it has several forms, and each option; npm scripts and programs of the
// repository too.

const root = resolve(import.meta.dirname, '../..');
const scripts = Object.keys((JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as Package).scripts);
interface Package {
  readonly scripts: Readonly<Record<string, string>>;
}

const commands = await loadAll();

/** README, the guide, and the reports, whose commands made their figures. */
const shown = [...pages(), ...readdirSync(resolve(root, 'docs/evidence')).map((name) => `docs/evidence/${name}`)];

/**
 * Command lines of a page: those of its blocks, indented ones too, and those in the text between
 * backticks.
 */
function shownCommands(page: string): string[] {
  const shell = ['', 'sh', 'bash', 'shell'];
  const blocks = codeBlocks(page).filter(({ language }) => shell.includes(language));
  const text = pageText(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
  const indented = [...text.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const lines = [...blocks.flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n')), ...indented, ...inline];
  return lines.flatMap(simpleCommands).filter((line) => /^(npx |npm |node |reelflow )/.test(line));
}

/**
 * The commands of a line, without comments, variables before them, and pipes between them; quoted
 * text is one `''`.
 */
function simpleCommands(line: string): string[] {
  const plain = line
    .replaceAll(/"[^"]*"|'[^']*'/g, "''")
    .replace(/(^|\s)#.*$/, '')
    .replace(/ {4,}\(.*$/, '');
  return plain.split(/\s*(?:&&|\|\||[|;])\s*/).map((command) => command.trim().replace(/^(?:\$ |[A-Z_]+=\S* )+/, ''));
}

/** What does not exist of a command line. */
function unknownIn(line: string): string[] {
  const words = line.split(/\s+/);
  const [first, second = ''] = words;
  if (first === 'npm') {
    const script = second === 'run' ? words[2] : second === 'test' ? 'test' : undefined;
    return script === undefined || scripts.includes(script) ? [] : [`npm has no script ${script}`];
  }
  if (first === 'node') {
    const source = second.replace(/^dist\//, '').replace(/\.js$/, '.ts');
    return !second.startsWith('dist/') || existsSync(resolve(root, source)) ? [] : [`there is no ${source}`];
  }
  const [program, name = '', ...rest] = first === 'npx' ? words.slice(1) : words;
  if (program !== 'reelflow' || !/^[a-z]/.test(name)) return [];
  if (name === 'help' && /^[A-Z]/.test(rest[0] ?? '')) return [];
  if (name === 'help') return findByName(commands, rest[0] ?? '') ? [] : [`there is no command ${rest[0]}`];
  const entry = findByName(commands, name);
  if (entry === undefined) return [`there is no command ${name}`];
  const form = rest[0] ?? '';
  let meant: readonly Command[] = isGroup(entry) ? entry.commands : [entry];
  if (isGroup(entry) && /^[a-z]+$/.test(form)) {
    meant = meant.filter((each) => lastWord(each) === form);
    if (meant.length === 0) return [`${name} has no form '${form}'`];
  }
  const ends = rest.indexOf('--');
  const options = (ends < 0 ? rest : rest.slice(0, ends))
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).replace(/[=,;.:)\]].*$/, ''));
  const tables = [globalOptions, ...meant.map(optionsOf)];
  const unknown = options.filter((option) => tables.every((table) => findOption(table, option) === undefined));
  return unknown.map((option) => `${name} has no option --${option}`);
}

describe('the command lines of README and guide', () => {
  it.each(shown)('%s shows only what there is', (page) => {
    const faults = shownCommands(page).flatMap((line) => unknownIn(line).map((fault) => `${line}: ${fault}`));
    expect(faults).toEqual([]);
  });

  it('know every command by the name that it has itself', () => {
    expect(commands.map((each) => each.name)).toEqual(registry.map((each) => each.name));
  });

  it('are found, and what does not exist is noticed', () => {
    expect(shown.flatMap(shownCommands).length).toBeGreaterThan(40);
    expect(simpleCommands("A=1 npx reelflow extract x --command 'a --b' | sort # --c")).toEqual([
      "npx reelflow extract x --command ''",
      'sort',
    ]);
    expect(unknownIn('npx reelflow extract x/ --ouput y')).toEqual(['extract has no option --ouput']);
    expect(unknownIn('reelflow extact x/')).toEqual(['there is no command extact']);
    expect(unknownIn('reelflow weights puhl alexnet')).toEqual(["weights has no form 'puhl'"]);
    expect(unknownIn('npm run chekc')).toEqual(['npm has no script chekc']);
    expect(unknownIn('node dist/bench/none.js')).toEqual(['there is no bench/none.ts']);
  });
});
