import { createHmac } from 'node:crypto';
import { keyedIntegers } from '../../privacy/keyed-noise.js';

/** Integers below this are exact as float64, and so is the sum of two. */
const modulus = 2 ** 52;
/**
 * Integers per unit of a value: a value is rounded by 2^-25 at most, and sums up to 2^27 are
 * kept.
 */
const resolution = 2 ** 24;
/** Sums lie below this. */
const largest = 2 ** 27;
/** Partners of each client on each side of the circle. */
const reach = 3;

/**
 * A sum of which the server sees only the total (after Bonawitz et al. 2017). Values are integers
 * modulo 2^52. The clients of a round stand in a circle, and each shares a mask with its nearest
 * three on either side (Bell et al. 2020): one of the two adds it and the other subtracts it, so
 * that all masks cancel exactly. For a client that does not answer, its partners tell the masks
 * they share with it, and the server takes them out.
 *
 * This is a simulation: the keys, which clients would agree on pair by pair, are derived here from
 * one key. It assumes that everybody follows the protocol. A client whose masks were told must not
 * answer any more, since its answer would then be readable.
 */
export class SecureSum {
  readonly #clients: number;
  readonly #keyOf: (one: number, other: number) => Uint8Array;
  readonly #total: Float64Array;
  readonly #answered = new Set<number>();
  #isClosed = false;

  /** @param clients how many take part, each a number below this. */
  constructor(clients: number, length: number, key: Uint8Array, round: number) {
    this.#clients = clients;
    this.#total = new Float64Array(length);
    this.#keyOf = (one, other) => createHmac('sha256', key).update(`masks ${round} ${one} ${other}`).digest();
  }

  /** Whether values are small enough for their sum over all clients to be in range. */
  takes(values: Float64Array): boolean {
    return values.every((value) => Math.abs(value) < largest / this.#clients);
  }

  /** What a client sends: its values, which `takes` accepts, as integers with its masks. */
  masked(client: number, values: Float64Array): Float64Array {
    const sent = values.map((value) => inRange(Math.round(value * resolution)));
    for (const partner of this.#partnersOf(client)) this.#mask(sent, client, partner);
    return sent;
  }

  /** Takes what a client has sent. @throws Error for an answer after `sum`, or a second one. */
  add(client: number, sent: Float64Array): void {
    if (this.#isClosed || this.#answered.has(client)) {
      throw new Error(`client ${client} must not answer any more: its masks may have been told`);
    }
    this.#answered.add(client);
    for (const [at, value] of sent.entries()) this.#total[at] = inRange((this.#total[at] as number) + value);
  }

  /**
   * The sum over the clients that answered. Ends the round.
   *
   * @returns undefined if it would say too much: fewer than two answered, or some of those who did
   * share no mask, directly or through others, with the rest.
   */
  sum(): Float64Array | undefined {
    this.#isClosed = true;
    if (this.#answered.size < 2 || !this.#areJoined()) return undefined;
    for (const client of this.#answered) {
      for (const partner of this.#partnersOf(client)) {
        // Told by the client that answered: what its partner would have cancelled.
        if (!this.#answered.has(partner)) this.#mask(this.#total, partner, client);
      }
    }
    return this.#total.map((value) => (value < modulus / 2 ? value : value - modulus) / resolution);
  }

  #partnersOf(client: number): Set<number> {
    const partners = new Set<number>();
    for (let step = 1; step <= reach; step++) {
      partners.add((client + step) % this.#clients);
      partners.add((client - step + reach * this.#clients) % this.#clients);
    }
    partners.delete(client);
    return partners;
  }

  /** Adds the mask that `client` shares with `partner`, with the sign that it has for `client`. */
  #mask(values: Float64Array, client: number, partner: number): void {
    const next = keyedIntegers(this.#keyOf(Math.min(client, partner), Math.max(client, partner)), 'mask');
    const isAdded = client < partner;
    for (let at = 0; at < values.length; at++) {
      const mask = (next() >>> 12) * 2 ** 32 + next();
      values[at] = inRange((values[at] as number) + (isAdded ? mask : -mask));
    }
  }

  #areJoined(): boolean {
    const [first = 0] = this.#answered;
    const reached = new Set([first]);
    for (const client of reached) {
      for (const partner of this.#partnersOf(client)) if (this.#answered.has(partner)) reached.add(partner);
    }
    return reached.size === this.#answered.size;
  }
}

/** Modulo 2^52, from 0. */
function inRange(value: number): number {
  return value < 0 ? value + modulus : value >= modulus ? value - modulus : value;
}
