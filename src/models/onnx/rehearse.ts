import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '../../core/atomic-file-sync.ts';
import { sha256 } from '../../core/hash.ts';
import { makePrivateFolder } from '../networks/cache.ts';
import { type ChildFailure, inChild } from './child-try.ts';
import { shortened } from './device.ts';
import { runtimeVersion } from './runtime.ts';
import type { Place, SessionPlan } from './session.ts';

/** The sessions of one network. */
export interface RehearsedNetwork {
  readonly plan: SessionPlan;
  readonly places: readonly Place[];
  /** Bytes of one row. */
  readonly inputBytes: number;
  /**
   * Whether each place gets a second session if assembling batches takes long compared with
   * computing them.
   */
  readonly maySecond: boolean;
}

/** The request to the child process. */
export interface RehearsalRequest {
  readonly networks: readonly RehearsedNetwork[];
  readonly milliseconds: number;
  readonly worthSecondSession: number;
  /** Rows of the first network, whose vectors are part of the reply. Default: none. */
  readonly rows?: readonly (Uint8Array | Float32Array)[] | undefined;
}

/** Its reply. */
export type RehearsalReply =
  | { readonly kind: 'ran'; readonly sessionsPerPlace: readonly number[]; readonly vectors: readonly Float32Array[] }
  | ChildFailure;

/**
 * The result of a rehearsal: the number of sessions on each place, network by network, or why the
 * device cannot run them.
 */
export type Rehearsal =
  | { readonly usable: true; readonly sessionsPerPlace: readonly number[] }
  | { readonly usable: false; readonly reason: string };

/**
 * In seconds. Devices choose algorithms for every convolution of a large network before its first
 * run ends.
 */
const patience = 180;

/**
 * If assembling a batch takes more than this fraction of computing it, a second session keeps a
 * card busy meanwhile.
 */
export const worthSecondSession = 0.05;

/**
 * Runs exactly the sessions that a run will have, with full batches, for a second in a separate
 * process: a driver that accepts a small network may crash on several sessions or a large batch. A
 * success with this ONNX Runtime, this driver and these networks is remembered and not repeated.
 *
 * @param directory - the network cache, where that is remembered.
 */
export async function rehearse(networks: readonly RehearsedNetwork[], directory: string): Promise<Rehearsal> {
  const remembered = new Memory(networks, directory);
  const known = remembered.read();
  if (known !== undefined) return { usable: true, sessionsPerPlace: known };
  const request: RehearsalRequest = { networks, milliseconds: 1000, worthSecondSession };
  const { reply } = await inChild<RehearsalRequest, RehearsalReply>('device-rehearsal.js', request, { patience });
  if (reply.kind === 'failed') return { usable: false, reason: shortened(reply.message) };
  remembered.write(reply.sessionsPerPlace);
  return { usable: true, sessionsPerPlace: reply.sessionsPerPlace };
}

/**
 * The vectors of some rows from one session of a network, in a separate process, or why it fails.
 */
export async function computeApart(
  network: RehearsedNetwork,
  rows: readonly (Uint8Array | Float32Array)[],
): Promise<{ readonly vectors: readonly Float32Array[] } | { readonly reason: string }> {
  const one = { ...network, places: network.places.slice(0, 1), maySecond: false };
  const request: RehearsalRequest = { networks: [one], milliseconds: 0, worthSecondSession, rows };
  const { reply } = await inChild<RehearsalRequest, RehearsalReply>('device-rehearsal.js', request, { patience });
  return reply.kind === 'failed' ? { reason: shortened(reply.message) } : { vectors: reply.vectors };
}

/** The verdict on sessions that have run; kept only if the driver reveals its version. */
class Memory {
  readonly #folder: string;
  readonly #path: string | undefined;
  readonly #count: number;

  constructor(networks: readonly RehearsedNetwork[], directory: string) {
    const driver = driverVersion();
    const identity = JSON.stringify([runtimeVersion(), driver, worthSecondSession, networks]);
    this.#folder = join(directory, 'devices');
    this.#count = networks.length;
    if (driver !== undefined) this.#path = join(this.#folder, sha256(identity).slice(0, 40));
  }

  read(): readonly number[] | undefined {
    if (this.#path === undefined) return undefined;
    try {
      const counts: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      const fits =
        Array.isArray(counts) && counts.length === this.#count && counts.every((each) => each === 1 || each === 2);
      return fits ? counts : undefined;
    } catch {
      // Missing or cut short: the sessions are run again.
      return undefined;
    }
  }

  write(sessionsPerPlace: readonly number[]): void {
    if (this.#path === undefined) return;
    try {
      makePrivateFolder(this.#folder);
      replaceFileSync(this.#path, Buffer.from(JSON.stringify(sessionsPerPlace)));
    } catch {
      // If it cannot be kept, the next run rehearses again.
    }
  }
}

/**
 * The version of NVIDIA's driver, which changes with every release; undefined if there is none, or
 * the system does not reveal it.
 */
function driverVersion(): string | undefined {
  try {
    return readFileSync('/proc/driver/nvidia/version', 'utf8');
  } catch {
    return undefined;
  }
}
