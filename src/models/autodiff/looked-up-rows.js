// @ts-check
// The tables kept outside a graph. JavaScript, because a worker thread of Node 20 cannot load
// TypeScript.
import ort from 'onnxruntime-node';

/** Rows are padded to a multiple of this, so that batches have few distinct shapes. */
const rowMultiple = 8;

/** The distinct rows of its tables that a batch names, in order of first appearance. */
class NamedRows {
  /** @type {Int32Array} */
  #stamps;
  /** @type {Int32Array} */
  #placeOf;
  #stamp = 0;
  /** @type {Int32Array} */
  #rows = new Int32Array(0);
  #name;
  count = 0;

  /**
   * @param {string} name of the feed
   * @param {number} size rows of its tables
   */
  constructor(name, size) {
    this.#name = name;
    this.#stamps = new Int32Array(size);
    this.#placeOf = new Int32Array(size);
  }

  get rows() {
    return this.#rows.subarray(0, this.count);
  }

  get padded() {
    return Math.ceil(this.count / rowMultiple) * rowMultiple;
  }

  /**
   * @param {Int32Array} indices
   * @returns for each, the position of its row among the named ones
   */
  name(indices) {
    this.#stamp++;
    this.count = 0;
    if (this.#rows.length < indices.length) this.#rows = new Int32Array(indices.length);
    const places = new Int32Array(indices.length);
    for (let at = 0; at < indices.length; at++) {
      const row = /** @type {number} */ (indices[at]);
      if (!(row >= 0 && row < this.#stamps.length)) {
        throw new Error(`'${this.#name}'[${at}] must be from 0 to ${this.#stamps.length - 1}, but is ${row}`);
      }
      if (this.#stamps[row] !== this.#stamp) {
        this.#stamps[row] = this.#stamp;
        this.#placeOf[row] = this.count;
        this.#rows[this.count++] = row;
      }
      places[at] = /** @type {number} */ (this.#placeOf[row]);
    }
    return places;
  }
}

/** One table, with room for the rows that a run reads and writes. */
class Table {
  #values;
  #width;
  #named;
  /** @type {Float32Array} */
  #taken = new Float32Array(0);
  /** @type {Float32Array} */
  #given = new Float32Array(0);
  #inPlace;

  /**
   * @param {Float32Array} values of the whole table
   * @param {number} width
   * @param {NamedRows} named
   * @param {boolean} inPlace whether a run may write its results over its inputs
   */
  constructor(values, width, named, inPlace) {
    this.#values = values;
    this.#width = width;
    this.#named = named;
    this.#inPlace = inPlace;
  }

  /** The named rows, then zeros. */
  take() {
    const width = this.#width;
    const { rows, padded } = this.#named;
    this.#taken = atLeast(this.#taken, padded * width);
    const taken = this.#taken;
    const values = this.#values;
    for (let place = 0; place < rows.length; place++) {
      const from = /** @type {number} */ (rows[place]) * width;
      const to = place * width;
      for (let column = 0; column < width; column++) taken[to + column] = /** @type {number} */ (values[from + column]);
    }
    taken.fill(0, rows.length * width, padded * width);
    return this.#tensor(taken);
  }

  /** Where a run writes the new values of the rows. */
  room() {
    this.#given = this.#inPlace ? this.#taken : atLeast(this.#given, this.#named.padded * this.#width);
    return this.#tensor(this.#given);
  }

  /** Writes a run's results back to their rows. */
  put() {
    const width = this.#width;
    const given = this.#given;
    const values = this.#values;
    const { rows } = this.#named;
    for (let place = 0; place < rows.length; place++) {
      const to = /** @type {number} */ (rows[place]) * width;
      const from = place * width;
      for (let column = 0; column < width; column++) values[to + column] = /** @type {number} */ (given[from + column]);
    }
  }

  /** @param {Float32Array} array */
  #tensor(array) {
    const { padded } = this.#named;
    return new ort.Tensor('float32', array.subarray(0, padded * this.#width), [padded, this.#width]);
  }
}

/**
 * @param {Float32Array} array
 * @param {number} length
 */
function atLeast(array, length) {
  return array.length >= length ? array : new Float32Array(length);
}

/**
 * The tables kept outside a module's graphs. The distinct rows that a batch names go into a run,
 * and the run's results are written back to them.
 */
export class LookedUpRows {
  /** @type {Map<string, NamedRows>} */
  #named = new Map();
  /** @type {Map<number, Table>} */
  #tables = new Map();

  /**
   * @param {readonly import('./state.ts').StateTensor[]} state
   * @param {readonly Float32Array[]} values of all state tensors
   */
  constructor(state, values) {
    for (const [index, { shape, kind, lookedUpBy }] of state.entries()) {
      if (lookedUpBy === undefined) continue;
      const [size = 0, width = 0] = shape;
      const named = this.#named.get(lookedUpBy) ?? new NamedRows(lookedUpBy, size);
      this.#named.set(lookedUpBy, named);
      this.#tables.set(index, new Table(/** @type {Float32Array} */ (values[index]), width, named, kind === 'slot'));
    }
  }

  /**
   * Selects the rows that a feed names for this run.
   *
   * @param {string} feed
   * @param {Int32Array} indices
   * @returns the position of each index's row among them
   */
  name(feed, indices) {
    return /** @type {NamedRows} */ (this.#named.get(feed)).name(indices);
  }

  /**
   * @param {number} index of a state tensor
   * @returns its table, or undefined if it is in the graph
   */
  table(index) {
    return this.#tables.get(index);
  }

  /**
   * Writes a step's results into all tables that it changes.
   *
   * @param {readonly (string | null)[]} next
   */
  put(next) {
    for (const [index, table] of this.#tables) if (next[index] !== null) table.put();
  }
}
