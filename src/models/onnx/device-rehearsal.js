// @ts-check
// A child process that runs the sessions of a plan for a second: a crash of their driver ends this
// process only. JavaScript, because Node 20 cannot load TypeScript.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** @typedef {import('./rehearse.ts').RehearsalRequest} RehearsalRequest */
/** @typedef {import('./rehearse.ts').RehearsalReply} RehearsalReply */
/** @typedef {import('./session.ts').Place} Place */
/** @typedef {import('./session.ts').BatchTimes} BatchTimes */
/** @typedef {import('./session.ts').WorkerReply} WorkerReply */
/** @typedef {import('./session.ts').WorkerRequest} WorkerRequest */
/** @typedef {RehearsalRequest['networks'][number]} Part */
/** @typedef {{ network: Part, worker: Worker, times: BatchTimes | undefined }} Session */

/**
 * @param {Part} network
 * @param {Place} place
 * @returns {Promise<Session>}
 */
async function openSession(network, place) {
  const worker = new Worker(new URL('./inference-worker.js', import.meta.url), {
    workerData: { plan: network.plan, place },
    execArgv: [],
  });
  const reply = await nextReply(worker);
  if (reply.kind === 'unusable') throw new Error(`${network.plan.name}: ${reply.message}`);
  return { network, worker, times: reply.kind === 'ready' ? reply.times : undefined };
}

/**
 * @param {Worker} worker
 * @returns {Promise<WorkerReply>}
 */
async function nextReply(worker) {
  const heard = new AbortController();
  const ended = once(worker, 'exit', heard).then(([code]) => {
    throw new Error(`a thread ended with exit code ${code}`);
  });
  try {
    const [reply] = await Promise.race([once(worker, 'message', heard), ended]);
    return reply;
  } finally {
    heard.abort();
    ended.catch(() => {});
  }
}

/**
 * Runs full batches until a point in time.
 *
 * @param {Session} session
 * @param {number} end
 */
async function runUntil({ network, worker }, end) {
  const { plan, inputBytes } = network;
  const buffers = {
    input: new SharedArrayBuffer(plan.batch * inputBytes),
    output: new SharedArrayBuffer(4 * plan.batch * plan.dimension),
  };
  do {
    worker.postMessage(/** @type {WorkerRequest} */ ({ kind: 'run', rows: plan.batch, ...buffers }));
    const reply = await nextReply(worker);
    if (reply.kind === 'failed') throw new Error(`${plan.name}: ${reply.message}`);
  } while (performance.now() < end);
}

/**
 * The vectors of some rows.
 *
 * @param {Session} session
 * @param {NonNullable<RehearsalRequest['rows']>} rows
 */
async function vectorsOf({ network, worker }, rows) {
  const { plan, inputBytes } = network;
  const vectors = [];
  for (let start = 0; start < rows.length; start += plan.batch) {
    const batch = rows.slice(start, start + plan.batch);
    const input = new SharedArrayBuffer(batch.length * inputBytes);
    const output = new SharedArrayBuffer(4 * batch.length * plan.dimension);
    for (const [at, row] of batch.entries()) {
      new Uint8Array(input).set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), at * inputBytes);
    }
    worker.postMessage(/** @type {WorkerRequest} */ ({ kind: 'run', rows: batch.length, input, output }));
    const reply = await nextReply(worker);
    if (reply.kind === 'failed') throw new Error(`${plan.name}: ${reply.message}`);
    const values = new Float32Array(output);
    // Copies: shared memory cannot be sent.
    for (let at = 0; at < values.length; at += plan.dimension) vectors.push(values.slice(at, at + plan.dimension));
  }
  return vectors;
}

/**
 * @param {RehearsalRequest} request
 * @returns {Promise<RehearsalReply>}
 */
async function rehearse({ networks, milliseconds, worthSecondSession, rows = [] }) {
  /** @type {Session[]} */
  const sessions = [];
  const sessionsPerPlace = [];
  for (const network of networks) {
    const opened = [];
    for (const place of network.places) opened.push(await openSession(network, place));
    const times = opened[0]?.times;
    const paysTwice = network.maySecond && times !== undefined && times.copy > worthSecondSession * times.run;
    if (paysTwice) for (const place of network.places) opened.push(await openSession(network, place));
    sessionsPerPlace.push(paysTwice ? 2 : 1);
    sessions.push(...opened);
  }
  const [first] = sessions;
  const vectors = first === undefined ? [] : await vectorsOf(first, rows);
  const end = performance.now() + milliseconds;
  if (milliseconds > 0) await Promise.all(sessions.map((session) => runUntil(session, end)));
  return { kind: 'ran', sessionsPerPlace, vectors };
}

process.once('message', async (/** @type {RehearsalRequest} */ request) => {
  /** @type {RehearsalReply} */
  let reply;
  try {
    reply = await rehearse(request);
  } catch (error) {
    reply = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  // Drivers may hang or crash while they are unloaded: the reply has been sent, and this process is
  // no longer needed.
  process.send?.(reply, () => process.kill(process.pid, 'SIGKILL'));
});
