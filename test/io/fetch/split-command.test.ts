import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { splitCommand } from '../../../src/io/fetch/split-command.ts';

describe('splitting a command', () => {
  it.each([
    ['get  a\tb ', ['get', 'a', 'b']],
    [`get 'a b' "c d"`, ['get', 'a b', 'c d']],
    [`get a'b c'd"e f"g`, ['get', 'ab cde fg']],
    [`get '' ""`, ['get', '', '']],
    [`get a\\ b \\' \\"`, ['get', 'a b', "'", '"']],
    [`get 'a\\b' "a\\b" "\\"\\\\\\$"`, ['get', 'a\\b', 'a\\b', '"\\$']],
    [`get '$(touch x)' ';' '|' "a;b>c*"`, ['get', '$(touch x)', ';', '|', 'a;b>c*']],
    ['get \\$HOME \\; \\*', ['get', '$HOME', ';', '*']],
    ['get \\\n  {id} a~b a#b {a,b} a=b', ['get', '{id}', 'a~b', 'a#b', '{a,b}', 'a=b']],
  ])('makes of %s the words %j', (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });

  it.each([
    ...['a | b', 'a & b', 'a; b', 'a > b', 'a < b', 'a (b', 'a )', 'a $b', 'a `b`', 'a *', 'a b?', 'a [b'],
    ...['a "$b"', 'a "`b`"', 'a ~/b', 'a #b', 'a\nb', 'a\rb'],
  ])('refuses %j, and says that there is no shell', (command) => {
    expect(() => splitCommand(command)).toThrow(/there is no shell here/);
  });

  it.each([
    ["a 'b", 'single quote at position 3 that is not closed'],
    ['a "b', 'double quote at position 3 that is not closed'],
    ['a "b\\"', 'double quote at position 3 that is not closed'],
    ['a \\', 'ends with a backslash'],
    ['a\0b', 'NUL character at position 2'],
    ['  ', 'names no program'],
    ["'' a", 'names no program'],
    ['A=b get', "begins with 'A=b', which is not a program"],
    ['', 'non-empty string'],
  ])('refuses %j', (command, says) => {
    expect(() => splitCommand(command)).toThrow(says);
  });

  it('gives the words that a shell gives, for every command that it accepts', () => {
    const characters = [...`ab-%{}=:/~#!^,é 	'"\\\\$\``, '\n', "'", '"', ' ', '\\'];
    const text = fc.array(fc.constantFrom(...characters.filter((each) => each !== ',')), { maxLength: 12 });
    let accepted = 0;
    fc.assert(
      fc.property(text, (pieces) => {
        const command = `get ${pieces.join('')}`;
        let words: string[];
        try {
          words = splitCommand(command);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        accepted += 1;
        const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' });
        expect(words).toEqual(printed.split('\0').slice(0, -1));
      }),
      { numRuns: 600 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('comes to an end for any text, with words or a usage error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (command) => {
        try {
          expect(splitCommand(command).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
