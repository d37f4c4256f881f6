// @ts-check
// Runs training steps. JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import ort from 'onnxruntime-node';
import { freeCopies } from '../onnx/free-copies.js';
import { fillKeyedMask, fillNoise } from '../privacy/keyed-noise.js';
import { joined } from './joined-steps.js';
import { LookedUpRows } from './looked-up-rows.js';
import { fillMask } from './mask.js';

/** @typedef {import('./training-plan.ts').TrainingPlan} TrainingPlan */
/** @typedef {import('./feeds.ts').Feeds} Feeds */
/** @typedef {import('./thread-messages.ts').StepRequest} StepRequest */
/** @typedef {import('./thread-messages.ts').ThreadStart} ThreadStart */
/** @typedef {{ values: Float32Array[], tensors: ort.Tensor[] }} StateSide */
/**
 * @typedef {{ session: ort.InferenceSession, inputs: (steps: readonly Record<string, ort.Tensor>[])
 * => Record<string, ort.Tensor> }} LoopSession
 */

/**
 * Single-threaded sessions, whose results are bit-identical from run to run.
 *
 * @param {number} threads
 * @param {import('../onnx/session.ts').Place} [place]
 * @returns {import('onnxruntime-node').InferenceSession.SessionOptions}
 */
function sessionOptions(threads, place) {
  return {
    executionProviders: place?.device === 'cuda' ? [{ name: 'cuda', deviceId: place.number }, 'cpu'] : ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
}

/**
 * Holds the state of a module, and changes it step by step. Weights exist twice: a step reads one
 * side and has ONNX Runtime write the other, then they swap, so that nothing is copied. What the
 * optimiser keeps exists once: its next value is computed by the only node that reads its last one,
 * so it may overwrite it. Tables outside the graph exist once too.
 */
export class StepRunner {
  /** @type {TrainingPlan} */
  #plan;
  /** @type {ort.InferenceSession} */
  #step;
  /** @type {LoopSession | undefined} */
  #loop;
  /** @type {ort.InferenceSession} */
  #evaluation;
  /** @type {StateSide} */
  #front;
  /** @type {StateSide} */
  #back;
  /** @type {Float32Array[] | undefined} */
  #remembered;
  /** @type {LookedUpRows} */
  #lookedUp;
  #seed;
  #noiseKey;

  /**
   * @param {TrainingPlan} plan
   * @param {ort.InferenceSession} step
   * @param {ort.InferenceSession} evaluation
   * @param {number} seed
   * @param {LoopSession | undefined} loop
   * @param {Uint8Array | undefined} noiseKey
   */
  constructor(plan, step, evaluation, seed, loop, noiseKey) {
    this.#plan = plan;
    this.#step = step;
    this.#evaluation = evaluation;
    this.#seed = seed;
    this.#noiseKey = noiseKey;
    this.#loop = loop;
    /**
     * @param {(kind: 'weight' | 'statistic' | 'slot', index: number) => Float32Array} make
     * @returns {StateSide}
     */
    const side = (make) => {
      const values = plan.state.map(({ kind }, index) => make(kind, index));
      const tensors = values.map((array, index) => new ort.Tensor('float32', array, plan.state[index]?.shape ?? []));
      return { values, tensors };
    };
    const fresh = (/** @type {number} */ index) => new Float32Array(plan.state[index]?.length ?? 0);
    const front = side((_, index) => fresh(index));
    this.#front = front;
    this.#back = side((kind, index) =>
      (kind === 'slot' && loop === undefined) || plan.state[index]?.lookedUpBy !== undefined
        ? /** @type {Float32Array} */ (front.values[index])
        : fresh(index),
    );
    this.#lookedUp = new LookedUpRows(plan.state, front.values);
  }

  /**
   * @param {TrainingPlan} plan
   * @param {Omit<ThreadStart, 'plan'> & { threads?: number }} options seed of the dropout masks,
   * whether several steps are one run, and the key of the noise of private ones
   */
  static async open(plan, { seed, threads = 1, loop, noiseKey }) {
    const looping = loop && {
      session: await ort.InferenceSession.create(loop.model, sessionOptions(threads, loop.place)),
      inputs: (/** @type {readonly Record<string, ort.Tensor>[]} */ steps) => joined(loop.inputs, steps),
    };
    const step = await ort.InferenceSession.create(plan.stepModel, sessionOptions(threads));
    const evaluation = await ort.InferenceSession.create(plan.evaluationModel, sessionOptions(threads));
    return new StepRunner(plan, step, evaluation, seed, looping, noiseKey);
  }

  /** Copies of all state values. */
  state() {
    return this.#front.values.map((values) => values.slice());
  }

  /** @param {readonly Float32Array[]} values */
  load(values) {
    for (const [index, target] of this.#front.values.entries()) target.set(/** @type {Float32Array} */ (values[index]));
  }

  /** Keeps a copy of the state. */
  remember() {
    this.#remembered ??= this.#front.values.map(({ length }) => new Float32Array(length));
    for (const [index, values] of this.#front.values.entries()) this.#remembered[index]?.set(values);
  }

  /** Restores the last remembered state, if there is one. */
  recall() {
    if (this.#remembered !== undefined) this.load(this.#remembered);
  }

  /** The last remembered state, or undefined. */
  remembered() {
    return this.#remembered?.map((values) => values.slice());
  }

  /** @param {readonly Float32Array[]} values */
  loadRemembered(values) {
    this.#remembered = [...values];
  }

  /**
   * Training steps in order.
   *
   * @param {readonly StepRequest[]} requests
   * @returns {Promise<Float32Array>} the loss before each
   */
  async steps(requests) {
    const loop = this.#loop;
    if (loop === undefined) {
      const losses = new Float32Array(requests.length);
      for (const [index, request] of requests.entries()) losses[index] = await this.#makeStep(request);
      return losses;
    }
    const losses = new Float32Array(requests.length);
    /** @type {Record<string, ort.Tensor>} */
    const outputs = { losses: new ort.Tensor('float32', losses, [losses.length]) };
    const inputs = loop.inputs(requests.map((request) => this.#stepInputs(request)));
    for (const [index, { input }] of this.#plan.state.entries()) {
      this.#enter(inputs, index);
      outputs[`final/${input}`] = /** @type {ort.Tensor} */ (this.#back.tensors[index]);
    }
    freeCopies(await loop.session.run(inputs, outputs), outputs);
    [this.#front, this.#back] = [this.#back, this.#front];
    return losses;
  }

  /**
   * A step's own inputs: feeds, scalars and masks.
   *
   * @param {StepRequest} request
   * @returns {Record<string, ort.Tensor>}
   */
  #stepInputs({ feeds, step, scalars }) {
    const plan = this.#plan;
    /** @type {Record<string, ort.Tensor>} */
    const inputs = {};
    const sizes = this.#feed(inputs, plan.stepInputs, feeds);
    for (const [index, name] of plan.scalars.entries())
      inputs[name] = new ort.Tensor('float32', Float32Array.of(scalars[index] ?? 0), [1]);
    for (const [index, { input, shape, rate, byUnit }] of plan.masks.entries()) {
      const dimensions = shape.map((size, axis) => {
        if (axis === 0 && typeof byUnit?.rows === 'number') return byUnit.rows * unitsIn(feeds, byUnit).length;
        const known = typeof size === 'number' ? size : sizes.get(size);
        if (known === undefined) throw new Error(`no feed has the axis '${size}' of '${input}'`);
        return known;
      });
      const mask = new Float32Array(dimensions.reduce((product, size) => product * size, 1));
      if (byUnit === undefined) fillMask(mask, rate, this.#seed, step, index);
      else this.#fillByUnit(mask, rate, feeds, byUnit, `mask ${step} ${index}`);
      inputs[input] = new ort.Tensor('float32', mask, dimensions);
    }
    for (const { input, shape, length } of plan.noises) {
      const noise = new Float32Array(length);
      fillNoise(noise, /** @type {Uint8Array} */ (this.#noiseKey), `step ${step} ${input}`);
      inputs[input] = new ort.Tensor('float32', noise, shape);
    }
    return inputs;
  }

  /**
   * The mask of a private step. The part of each unit follows from the key, the place and the unit
   * alone: whether another unit is in the step must change no more than that unit's own gradient.
   *
   * @param {Float32Array} mask
   * @param {number} rate
   * @param {Feeds} feeds
   * @param {NonNullable<import('./tape.ts').Mask['byUnit']>} byUnit
   * @param {string} place
   */
  #fillByUnit(mask, rate, feeds, byUnit, place) {
    const units = unitsIn(feeds, byUnit);
    const { rows: of } = byUnit;
    const starts =
      typeof of === 'number'
        ? Int32Array.from({ length: units.length + 1 }, (_, at) => of * at)
        : /** @type {Int32Array} */ (feeds[of]?.data);
    const rows = /** @type {number} */ (starts.at(-1));
    const width = rows === 0 ? 0 : mask.length / rows;
    for (const [at, unit] of units.entries()) {
      const own = mask.subarray(
        width * /** @type {number} */ (starts[at]),
        width * /** @type {number} */ (starts[at + 1]),
      );
      fillKeyedMask(own, rate, /** @type {Uint8Array} */ (this.#noiseKey), `${place} ${unit}`);
    }
  }

  /**
   * One training step.
   *
   * @param {StepRequest} request
   * @returns {Promise<number>} the loss before the step
   */
  async #makeStep(request) {
    const plan = this.#plan;
    const inputs = this.#stepInputs(request);
    for (const index of plan.state.keys()) this.#enter(inputs, index);
    const loss = new Float32Array(1);
    /** @type {Record<string, ort.Tensor>} */
    const outputs = { [plan.loss]: new ort.Tensor('float32', loss, []) };
    for (const [index, name] of plan.next.entries()) {
      if (name === null) continue;
      const table = this.#lookedUp.table(index);
      outputs[name] = table ? table.room() : /** @type {ort.Tensor} */ (this.#back.tensors[index]);
    }
    freeCopies(await this.#step.run(inputs, outputs), outputs);
    this.#lookedUp.put(plan.next);
    [this.#front, this.#back] = [this.#back, this.#front];
    return /** @type {number} */ (loss[0]);
  }

  /**
   * The module's predictions for a batch.
   *
   * @param {Feeds} feeds
   * @returns {Promise<Float32Array>}
   */
  async evaluate(feeds) {
    const plan = this.#plan;
    /** @type {Record<string, ort.Tensor>} */
    const inputs = {};
    this.#feed(inputs, plan.evaluationInputs, feeds);
    for (const index of plan.evaluationState) this.#enter(inputs, index);
    const results = await this.#evaluation.run(inputs, [plan.output]);
    return /** @type {Float32Array} */ (results[plan.output]?.data);
  }

  async close() {
    await this.#step.release();
    await this.#loop?.session.release();
    await this.#evaluation.release();
  }

  /**
   * A state tensor, or the rows of it that the batch names.
   *
   * @param {Record<string, ort.Tensor>} inputs
   * @param {number} index
   */
  #enter(inputs, index) {
    const { input } = /** @type {import('./state.ts').StateTensor} */ (this.#plan.state[index]);
    const table = this.#lookedUp.table(index);
    inputs[input] = table ? table.take() : /** @type {ort.Tensor} */ (this.#front.tensors[index]);
  }

  /**
   * @param {Record<string, ort.Tensor>} inputs
   * @param {readonly import('./training-plan.ts').FedInput[]} expected
   * @param {Feeds} feeds
   * @returns sizes of the named axes
   */
  #feed(inputs, expected, feeds) {
    /** @type {Map<string, number>} */
    const sizes = new Map();
    for (const { name: input, shape, placesOf } of expected) {
      const name = placesOf ?? input;
      const feed = feeds[name];
      if (feed === undefined) throw new Error(`the batch has no '${name}'`);
      for (const [axis, size] of shape.entries()) {
        const actual = /** @type {number} */ (feed.shape[axis]);
        const wanted = typeof size === 'number' ? size : (sizes.get(size) ?? actual);
        if (actual !== wanted) throw new Error(`'${name}' must have shape [${shape}], but has [${feed.shape}]`);
        if (typeof size === 'string') sizes.set(size, actual);
      }
      const data =
        placesOf === undefined ? feed.data : this.#lookedUp.name(name, /** @type {Int32Array} */ (feed.data));
      inputs[input] =
        data instanceof Int32Array
          ? new ort.Tensor('int32', data, feed.shape)
          : new ort.Tensor('float32', data, feed.shape);
    }
    return sizes;
  }
}

/**
 * The numbers of the units in a step.
 *
 * @param {Feeds} feeds
 * @param {NonNullable<import('./tape.ts').Mask['byUnit']>} byUnit
 * @returns {Int32Array}
 */
function unitsIn(feeds, { units }) {
  return /** @type {Int32Array} */ (feeds[units]?.data);
}
