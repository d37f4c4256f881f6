import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';
import { renderOptions } from '../../bin/render-options.ts';

const root = resolve(import.meta.dirname, '../..');
const commands = readdirSync(join(root, 'bin/commands')).map((file) => file.replace(/\.ts$/, ''));

/** Flags of other programs, in texts that start them or tell how to. */
const others = [
  { file: 'src/core/collect-garbage.js', text: '--expose-gc' },
  { file: 'src/io/media/start-program.js', text: '--max-old-space-size' },
  { file: 'src/io/media/start-program.js', text: '--max-semi-space-size' },
  { file: 'src/io/media/start-program.js', text: '--no-warnings' },
  { file: 'src/models/onnx/cards.ts', text: '--query-gpu' },
  { file: 'src/models/onnx/cards.ts', text: '--format' },
  { file: 'src/models/onnx/missing-library.ts', text: '--foreground-scripts' },
];

/**
 * Every text of a source file, comments aside; of a template the parts between what is filled in,
 * joined by `*`.
 */
function textsOf(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value, quasis } = node as { type?: string; value?: unknown; quasis?: Quasi[] };
    if (type === 'Literal' && typeof value === 'string') texts.push(value);
    if (type === 'TemplateLiteral' && quasis !== undefined)
      texts.push(quasis.map((part) => part.value.cooked).join('*'));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(readFileSync(join(root, file), 'utf8'), { lang: file.endsWith('.ts') ? 'ts' : 'js' }));
  return texts;
}

/** What stands between two values that are filled into a template. */
interface Quasi {
  readonly value: { readonly cooked: string };
}

const texts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  // Pages of reports have properties of style sheets, which look like flags.
  .filter((file) => /\.[jt]s$/.test(file) && !file.startsWith(join('io', 'report')))
  .flatMap((file) => textsOf(join('src', file)).map((text) => ({ file: join('src', file), text })));

describe('the texts of the library', () => {
  it('are found', () => {
    expect(texts.length).toBeGreaterThan(5000);
    expect(texts).toContainEqual(expect.objectContaining({ text: expect.stringContaining("Give `memory: '*MiB'`") }));
  });

  it('name options as the library does, not as flags of the command line', () => {
    const isOther = (file: string, flag: string) => others.some((each) => each.file === file && each.text === flag);
    const flagged = texts.filter(({ file, text }) =>
      [...text.matchAll(/(?<![\w-])--[a-z*][a-z-]*/g)].some(([flag]) => !isOther(file, flag)),
    );
    expect(flagged).toEqual([]);
    for (const other of others) {
      expect(texts.some(({ file, text }) => file === other.file && text.includes(other.text))).toBe(true);
    }
  });

  it('name functions of the library, not commands of the command line', () => {
    const named = new RegExp(`\\breelflow (${commands.join('|')}|COMMAND)\\b`);
    expect(texts.filter(({ text }) => named.test(text))).toEqual([]);
  });

  it('name only functions in a call that the library exports and that a command does', () => {
    const exported = readdirSync(join(root, 'src/entries'))
      .map((entry) => readFileSync(join(root, 'src/entries', entry), 'utf8'))
      .join('\n');
    const calls = texts.flatMap(({ text }) => [...text.matchAll(/`(\w+)\((\{[^`]*\})\)`/g)]);
    expect(calls.length).toBeGreaterThan(5);
    for (const [call, name = ''] of calls) {
      expect(exported).toMatch(new RegExp(`\\b${name}\\b`));
      const shown = renderOptions(new Map())(call.replaceAll('*', 'x'));
      const [, command] = /^`reelflow ([\w-]+)/.exec(shown) ?? [];
      expect(commands).toContain(command);
    }
  });
});
