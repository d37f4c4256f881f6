import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, pages } from '../fixtures/docs.ts';

// A reader copies these. Each block is compiled as a module of its own against the built types, as
// in a project that depends on the package; names that the page has from somewhere else are
// declared in a comment `<!-- given ... -->` before the block.

const root = resolve(import.meta.dirname, '../..');
const blocks = pages()
  .flatMap(codeBlocks)
  .filter(({ language }) => language === 'ts');
const place = mkdtempSync(join(tmpdir(), 'reelflow-blocks-'));
const nameOf = (index: number) => `block-${index}.ts`;
let complaints: string[] = [];

beforeAll(() => {
  mkdirSync(join(place, 'node_modules/@types'), { recursive: true });
  for (const name of ['rxjs', 'apache-arrow', '@tensorflow', '@types/node']) {
    symlinkSync(join(root, 'node_modules', name), join(place, 'node_modules', name));
  }
  symlinkSync(root, join(place, 'node_modules/reelflow'));
  writeFileSync(join(place, 'package.json'), '{"type":"module"}');
  const options = { strict: true, target: 'ES2022', lib: ['ES2023'], module: 'NodeNext', noEmit: true };
  const config = { compilerOptions: { ...options, types: ['node'], skipLibCheck: true }, include: ['*.ts'] };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
  for (const [index, { code, given }] of blocks.entries()) {
    // What is given stands on the first line, so that the compiler's line numbers are those of the
    // block and one.
    const before = given.replaceAll('\n', ' ');
    const [head = '', tail = ''] = before.includes('...') ? before.split('...') : [before];
    writeFileSync(join(place, nameOf(index)), `${head}\n${code}\n${tail}\nexport {};\n`);
  }
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiled = spawnSync(process.execPath, [join(typescript, '../bin/tsc'), '-p', place], { encoding: 'utf8' });
  complaints = compiled.stdout.split('\n');
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('a block of TypeScript compiles against the built types', () => {
  it('of which there are some', () => {
    expect(blocks.length).toBeGreaterThan(10);
  });

  it.each(blocks.map((block, index) => [`${block.page}, line ${block.line}`, index]))('%s', (_, index) => {
    expect(complaints.filter((line) => line.includes(`${nameOf(index as number)}(`))).toEqual([]);
  });
});
