/** How much of the network this process has used since it started. */
export interface NetworkUse {
  /** Number of requests sent. */
  readonly requests: number;
  /** Bytes of files and objects received. */
  readonly received: number;
  /** Bytes of objects sent. */
  readonly sent: number;
  /** Number of requests that were repeated because an earlier one had failed. */
  readonly retries: number;
}

const used = { requests: 0, received: 0, sent: 0, retries: 0 };

/** Adds to the count of network use. */
export function countNetworkUse(kind: keyof NetworkUse, amount = 1): void {
  used[kind] += amount;
}

/**
 * How much of the network this process has used for inputs, weights and object stores since it
 * started.
 *
 * @example
 * networkUse().received;
 */
export function networkUse(): NetworkUse {
  return { ...used };
}
