// @ts-check
// The thread that makes a scenario of many ratings. Its imports are TypeScript, so it runs from the
// build, or where Node strips types.
import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../../core/errors.ts';
import { scenarioStages } from './scenarios.ts';

/** @typedef {import('./scenario-thread.ts').ScenarioReply} ScenarioReply */
/** @typedef {import('./scenario-thread.ts').ScenarioTask} ScenarioTask */

if (parentPort === null) throw new Error('scenario-worker.js runs as a worker thread only');
const port = parentPort;

/** @param {ScenarioReply} reply @param {ArrayBuffer[]} [moved] */
const say = (reply, moved = []) => port.postMessage(reply, moved);

/** The memory of a new scenario. @param {import('./scenarios.ts').Scenario} scenario */
function buffersOf({ ratings, splits }) {
  const columns = [ratings.users, ratings.items, ratings.values, ratings.timestamps];
  const rows = splits.flatMap(({ train, validation, test, foldIn }) => [train, validation, test, foldIn]);
  const buffers = [...columns, ...rows].flatMap((each) => (each === undefined ? [] : [each.buffer]));
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

const { table, parameters, movies } = /** @type {ScenarioTask} */ (workerData);
try {
  const stages = scenarioStages(table, parameters, movies);
  let stage = stages.next();
  for (; stage.done !== true; stage = stages.next()) say({ kind: 'stage', stage: stage.value });
  say({ kind: 'scenario', scenario: stage.value }, buffersOf(stage.value));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  const { message, code, option, remedy } = error;
  say({ kind: 'refused', message, code, option, remedy });
}
