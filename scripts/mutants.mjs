// Changes the implementation of flow control in one place at a time and runs its tests: every
// change must fail them.
// Usage: node scripts/mutants.mjs [--only TEXT] [--jobs N]
// A mutant whose text no longer occurs exactly once is an error, so that the list follows the code.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DUPLICATE_MUTANTS } from './mutants-of-duplicates.mjs';
import { FLOW_MUTANTS } from './mutants-of-flow.mjs';
import { OPERATOR_MUTANTS } from './mutants-of-operators.mjs';
import { OWNERSHIP_MUTANTS } from './mutants-of-ownership.mjs';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OPERATORS = path.join('src', 'operators');
/** What operators and their tests import from outside their own folders. */
const SOURCES = ['src/core'];
/** A run hangs if it takes this many times as long as one without a mutant. */
const PATIENCE = 5;
/** Time limit for one test and one random graph, in milliseconds. */
const [TEST_LIMIT, GRAPH_LIMIT] = [5000, 1500];
/**
 * How many times as long a second, separate run of what hung may take, to tell whether it hangs or
 * the machine was busy.
 */
const SECOND_LOOK = 8;
/** The property test runs on fixed seeds, so that a result can be reproduced. */
const SETTINGS = { REELFLOW_PROPERTY_RUNS: '700', REELFLOW_PROPERTY_SEED: '20' };

/**
 * @param {string} name
 * @returns {string | undefined}
 */
function option(name) {
  const position = process.argv.indexOf(name);
  return position < 0 ? undefined : process.argv[position + 1];
}

/**
 * @typedef {{ result: 'passed' | 'failed' | 'hung', printed: string }} Run how a run of tests
 * ended, and what it printed
 */

/**
 * The tests of single operators, which fail at once, and then the random graphs, which take
 * longest.
 */
const PHASES = [['test/operators', '--exclude=**/flow.property.test.ts'], ['test/operators/flow.property.test.ts']];

/**
 * Runs the tests of flow control in a copy of the project.
 * @param {string} directory
 * @param {number} most milliseconds for each phase
 * @param {number} times as long as usual a test may take
 * @returns {Promise<Run>} hung: a phase, a test or a graph came to no end in its time
 */
async function runTests(directory, most, times = 1) {
  /** @type {Run} */
  let run = { result: 'passed', printed: '' };
  for (const phase of PHASES) {
    if (run.result === 'passed') run = await runPhase(directory, phase, most, times);
  }
  return run;
}

/**
 * @param {string} directory
 * @param {readonly string[]} phase
 * @param {number} most
 * @param {number} times
 * @returns {Promise<Run>}
 */
function runPhase(directory, phase, most, times) {
  const limits = [`--testTimeout=${times * TEST_LIMIT}`, '--bail=1', '--maxWorkers=1', '--no-isolate'];
  const patience = { REELFLOW_PROPERTY_PATIENCE: String(times * GRAPH_LIMIT) };
  return new Promise((resolve) => {
    const vitest = path.join(directory, 'node_modules', 'vitest', 'vitest.mjs');
    const tests = spawn(process.execPath, [vitest, 'run', ...limits, ...phase], {
      cwd: directory,
      env: { ...process.env, ...SETTINGS, ...patience, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let printed = '';
    for (const stream of [tests.stdout, tests.stderr]) {
      stream.on('data', (text) => {
        printed += text;
      });
    }
    let hung = false;
    const limit = setTimeout(() => {
      hung = true;
      if (tests.pid !== undefined) process.kill(-tests.pid, 'SIGKILL');
    }, most);
    tests.on('close', (code) => {
      clearTimeout(limit);
      hung ||= /Test timed out|the graph terminates/.test(printed);
      resolve({ result: hung ? 'hung' : code === 0 ? 'passed' : 'failed', printed });
    });
  });
}

/**
 * Copies what the tests of flow control need.
 * @param {string} directory
 */
async function copyProject(directory) {
  await mkdir(path.join(directory, 'test'), { recursive: true });
  for (const each of ['package.json', 'tsconfig.json', ...SOURCES, OPERATORS, 'test/operators']) {
    await cp(path.join(ROOT, each), path.join(directory, each), {
      recursive: true,
      filter: (file) =>
        !/subclip|statistics|row-window|order-statistics|moments|nearest-rows/.test(path.basename(file)),
    });
  }
  const config = "export default { test: { include: ['test/**/*.test.ts'], pool: 'forks' } };\n";
  await writeFile(path.join(directory, 'vitest.config.mjs'), config);
  await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
}

const only = option('--only');
const mutants = [...OWNERSHIP_MUTANTS, ...FLOW_MUTANTS, ...OPERATOR_MUTANTS, ...DUPLICATE_MUTANTS].filter(
  (each) => only === undefined || only.split(',').some((text) => `${each.file} ${each.what}`.includes(text)),
);
const base = await mkdtemp(path.join(tmpdir(), 'reelflow-mutants-'));
/** @type {string[]} */
const problems = [];
let next = 0;

/** @typedef {(typeof mutants)[number]} Mutant */
/** Mutants with which a test ran out of time: they hang, or the machine was busy. */
const hung = /** @type {Mutant[]} */ ([]);

/**
 * @param {number} worker
 * @param {number} most
 */
async function work(worker, most) {
  const directory = path.join(base, String(worker));
  await copyProject(directory);
  for (let mutant = mutants[next++]; mutant !== undefined; mutant = mutants[next++]) {
    if ((await judge(mutant, directory, most)) === 'hung') hung.push(mutant);
  }
}

/**
 * @param {Mutant} mutant
 * @param {string} directory
 * @param {number} most
 * @param {number} times
 */
async function judge({ file, what, from, to }, directory, most, times = 1) {
  const target = path.join(directory, OPERATORS, file);
  const original = await readFile(path.join(ROOT, OPERATORS, file), 'utf8');
  const label = `${file.padEnd(16)} ${what}`;
  if (original.split(from).length !== 2) {
    problems.push(`no single match: ${label}`);
    console.log(`NO MATCH  ${label}`);
    return 'no match';
  }
  await writeFile(
    target,
    original.replace(from, () => to),
  );
  const start = performance.now();
  const { result, printed } = await runTests(directory, most, times);
  await writeFile(target, original);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
  const by = /FAIL +(.+)/.exec(printed)?.[1] ?? '';
  const verdict = { passed: 'SURVIVED', hung: 'hung    ', failed: 'killed  ' }[result];
  console.log(`${verdict} ${seconds} s  ${label}${by === '' ? '' : `  (${by})`}`);
  if (result === 'passed') problems.push(`survived: ${label}`);
  return result;
}

try {
  await copyProject(path.join(base, 'unchanged'));
  const start = performance.now();
  const unchanged = await runTests(path.join(base, 'unchanged'), 600_000);
  if (unchanged.result !== 'passed') {
    throw new Error(`without any mutant the tests have ${unchanged.result}:\n${unchanged.printed}`);
  }
  const most = Math.max(60_000, PATIENCE * (performance.now() - start));
  const jobs = Number(option('--jobs') ?? Math.min(2, availableParallelism()));
  await Promise.all(Array.from({ length: jobs }, (_, worker) => work(worker, most)));
  // Run alone, with more time: what still hangs counts as killed; what was only slow passes or
  // fails.
  if (hung.length > 0) console.log('once more:');
  for (const mutant of hung) await judge(mutant, path.join(base, '0'), 2 * most, SECOND_LOOK);
} finally {
  await rm(base, { recursive: true, force: true });
}
console.log(`\n${mutants.length} mutants, ${problems.length} not killed`);
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
