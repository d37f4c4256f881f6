// Every name that an entry point exports must have a doc comment at its declaration, and every file
// of ours must stay below 15 kB of code, not counting comments and imports. Every page of docs/
// must be linked from docs/README.md, once, and no page may have a broken link or a phrase that is
// never English; neither may a comment or a message, and no line of a comment may exceed 100
// columns. No optional property may refuse `undefined`. Prints what is wrong, and exits with 1 if
// anything is.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionFaults } from './check-options.mjs';
import { pageFaults } from './check-pages.mjs';
import { wordFaults } from './check-words.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = ['index.ts', ...readdirSync(join(root, 'src/entries')).map((name) => join('entries', name))];
const faults = [];
/** They contain such phrases on purpose. */
const QUOTES = new Set(['scripts/check-words.mjs', 'test/docs/links.test.ts']);

for (const entry of entries) {
  const source = readFileSync(join(root, 'src', entry), 'utf8');
  for (const [, names = '', path = ''] of source.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)) {
    const file = join(root, 'src', dirname(entry), path);
    for (const raw of names.split(',')) {
      const name = raw.replace(/\btype\b/, '').trim();
      if (name !== '') checkName(name, file);
    }
  }
}

/** @param {string} name @param {string} file */
function checkName(name, file) {
  const source = readFileSync(file, 'utf8');
  const passedOn = [...source.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)].find(([, list = '']) =>
    list.split(',').some((entry) => entry.replace(/\btype\b/, '').trim() === name),
  );
  if (passedOn !== undefined) return checkName(name, join(dirname(file), passedOn[2] ?? ''));
  const declaration = new RegExp(
    `(\\*/\\s*)?export (?:declare )?(?:abstract )?(?:async )?(?:class|interface|type|function\\*?|const) ${name}\\b`,
  );
  const found = declaration.exec(source);
  if (found === null) faults.push(`${relative(root, file)}: ${name} is not declared there`);
  else if (found[1] === undefined) faults.push(`${relative(root, file)}: ${name} has no doc comment`);
}

const files = execFileSync('git', ['ls-files', 'src', 'bin', 'examples', 'bench', 'scripts', 'test'], {
  cwd: root,
  encoding: 'utf8',
});
for (const file of files.split('\n').filter((path) => /\.(ts|mjs|js)$/.test(path))) {
  const text = readFileSync(join(root, file), 'utf8');
  if (!QUOTES.has(file)) faults.push(...wordFaults(file, text));
  faults.push(...optionFaults(file, text));
  const code = text
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\/?\*|import )/.test(line))
    .join('\n');
  const length = Buffer.byteLength(code);
  if (length > 15_000) faults.push(`${file} has ${length} bytes of code; split it below 15,000`);
}

faults.push(...pageFaults(root));

for (const fault of faults) console.log(fault);
console.log(`${faults.length} fault(s)`);
process.exitCode = faults.length === 0 ? 0 : 1;
