import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageText } from '../fixtures/docs.ts';

const root = resolve(import.meta.dirname, '../..');
const page = pageText('docs/errors.md');
const declarations = readFileSync(join(root, 'src/core/errors.ts'), 'utf8');

/** Codes by the heading of the page under which their row stands. */
const told = new Map<string, string>();
for (const section of page.split(/^## /m).slice(1)) {
  const heading = section.slice(0, section.indexOf('\n'));
  for (const [, code = ''] of section.matchAll(/^\| `([a-z-]+)` \|/gm)) told.set(`${heading}: ${code}`, code);
}

/** Codes that a union of `src/core/errors.ts` declares, such as those of `MediaErrorCode`. */
function declared(union: string): string[] {
  const [, members = ''] = new RegExp(`export type ${union} =([^;]*);`).exec(declarations) ?? [];
  return [...members.matchAll(/'([a-z-]+)'/g)].map(([, code = '']) => code);
}

/**
 * Codes that an object literal (`code: 'x'`) or a default (`code ?? 'x'`) of the sources gives an
 * error.
 */
const given = ['src', 'bin'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(root, folder, file), 'utf8').matchAll(/\bcode(?::| \?\?) '([a-z-]+)'/g)])
    .map(([, code = '']) => code),
);
const unions = ['MediaErrorCode', 'ModelErrorCode', 'FlowErrorCode', 'DatasetErrorCode', 'SystemErrorCode'];
const known = new Set([...given, ...unions.flatMap(declared)]);

describe('the page of errors', () => {
  it('has every code that the sources use', () => {
    expect(known.size).toBeGreaterThan(50);
    expect([...known].filter((code) => ![...told.values()].includes(code)).sort()).toEqual([]);
  });

  it('has no code that the sources do not use', () => {
    expect([...told.values()].filter((code) => !known.has(code))).toEqual([]);
  });

  it.each(unions)('has the codes of %s under their class', (union) => {
    const name = union.replace('Code', '');
    const codes = declared(union);
    expect(codes.length).toBeGreaterThan(0);
    const under = [...told].filter(([place]) => place.startsWith(`\`${name}\``)).map(([, code]) => code);
    expect(codes.filter((code) => !under.includes(code))).toEqual([]);
  });

  it('names every class of errors', () => {
    const classes = [...declarations.matchAll(/class (\w+Error)\b/g)].map(([, name = '']) => name);
    expect(classes.length).toBeGreaterThan(4);
    expect(classes.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
