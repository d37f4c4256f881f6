/** What of the network this process has used since it began. */
export interface NetworkUse {
  /** Requests that were sent. */
  readonly requests: number;
  /** Bytes of files and objects that came. */
  readonly received: number;
  /** Bytes of objects that were sent. */
  readonly sent: number;
  /** Requests that were made again, since the ones before them failed. */
  readonly retries: number;
}

const used = { requests: 0, received: 0, sent: 0, retries: 0 };

/** Counts what of the network was used. */
export function countNetworkUse(kind: keyof NetworkUse, amount = 1): void {
  used[kind] += amount;
}

/**
 * What of the network this process has used for inputs, weights and object stores since it began.
 *
 * @example
 * networkUse().received;
 */
export function networkUse(): NetworkUse {
  return { ...used };
}
