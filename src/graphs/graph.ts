import type { Observable } from 'rxjs';
import { canonicalJson } from '../core/canonical-json.ts';
import { checkString } from '../core/check.ts';
import { sha256 } from '../core/hash.ts';
import type { Json } from '../core/json.ts';
import type { Scope } from '../operators/flow.ts';
import type { Bytes } from '../operators/payload.ts';

export type { Json } from '../core/json.ts';

/** One box of a graph as `explain` prints it. */
export interface DataflowNode {
  /** Unique in its graph. The name under which the operator's metrics are reported. */
  readonly id: string;
  /** Ids of the nodes that it reads from. */
  readonly inputs: readonly string[];
  /** What it does, in a few words. */
  readonly does: string;
  /** Shape of one element it emits, for instance `[224, 224, 3]`. */
  readonly shape: readonly (number | string)[];
  /** Type of each number in that shape. */
  readonly dtype: 'uint8' | 'float32' | 'row';
  /** Bytes of one element it emits. */
  readonly bytes: Bytes;
}

/** What a unit receives when it runs. */
export interface UnitContext<Services> {
  /** Attributes held bytes to this unit and carries its claim. */
  readonly scope: Scope;
  /** What all units of the process share: sessions and their batchers. */
  readonly services: Services;
  /** Aborted when the run is aborted. */
  readonly signal: AbortSignal;
  /** Reports the unit's progress, in seconds of its media. */
  readonly reached: (seconds: number) => void;
  /**
   * Whether the unit may end in `PlanOutdated`. On its last attempt it may not, and continues with
   * the plan it has.
   */
  readonly mayReplan: boolean;
}

/**
 * How a unit ends when its item turns out to differ from what was planned, and the graph now knows
 * better: the item is prepared again, then skipped, or admitted according to its real needs and
 * computed again.
 */
export class PlanOutdated extends Error {
  override readonly name = 'PlanOutdated';
}

/** What is known of a unit before any of it is decoded. */
export interface UnitPlan {
  /**
   * The most bytes the unit can hold at once between its sources and its end; admission keeps room
   * for it.
   */
  readonly claim: Bytes;
  /**
   * The part of the claim that its operators keep until the unit ends: finished rows, and the rows
   * of open subclips.
   */
  readonly kept: Bytes;
  /** Bytes of the processes that decode it, in addition to the claim. Default 0. */
  readonly decoders?: Bytes | undefined;
  /** Length of the media in seconds. */
  readonly seconds: number;
  /** About how many frames will be decoded. */
  readonly frames: number;
  /** Why an option leaves the item out, if one does. */
  readonly skip?: string | undefined;
}

/**
 * A dataflow as data plus code: what `plan` prints, what every runner executes. `params` holds
 * everything that changes values and nothing else; the graph's id is its content hash.
 */
export interface Graph<Item, Result, Services> {
  /** For people; part of the id. */
  readonly name: string;
  /**
   * Incremented whenever an operator starts to compute different values for the same parameters;
   * part of the id.
   */
  readonly version: number;
  /** Everything that changes values; part of the id. */
  readonly params: Json;
  readonly nodes: readonly DataflowNode[];
  /** The item's id in the dataset. */
  itemId(item: Item): string;
  /** Probes the item. @throws MediaError when it cannot be used at all. */
  prepare(item: Item, signal: AbortSignal): Promise<UnitPlan>;
  /** Emits exactly one result, then completes; an error is the unit's verdict. */
  unit(item: Item, context: UnitContext<Services>): Observable<Result>;
}

/**
 * The graph's id: 16 hexadecimal digits of the SHA-256 of its name, version and parameters. Memory,
 * batch, workers, device, runner and paths are not part of it, so the same graph has the same id
 * wherever and however it runs.
 *
 * @example
 * graphId({ name: 'extraction', version: 1, params: { subclips: [10] } }); // 'f0a1...'
 */
export function graphId(graph: { readonly name: string; readonly version: number; readonly params: Json }): string {
  checkString('graph.name', graph.name);
  return sha256(canonicalJson({ name: graph.name, version: graph.version, params: graph.params })).slice(0, 16);
}

/**
 * The key of a unit: SHA-256 over graph id, item id and content fingerprint, 64 hexadecimal digits.
 */
export function unitKey(graph: string, itemId: string, fingerprint: string): string {
  // The canonical JSON of an array of strings is its plain JSON.
  return sha256(JSON.stringify([graph, itemId, fingerprint]));
}
