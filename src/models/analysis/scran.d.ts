/** What is used of scran.js, which brings no types. */
declare module 'scran.js' {
  interface Freed {
    free(): void;
  }
  interface Float64WasmArray extends Freed {
    /** A view, valid until memory of the module grows. */
    array(): Float64Array;
  }
  type SearchIndex = Freed;
  interface NeighbourLists {
    readonly runs: Int32Array;
    readonly indices: Int32Array;
    readonly distances: Float64Array;
  }
  class FindNearestNeighborsResults implements Freed {
    serialize(): NeighbourLists;
    free(): void;
    static unserialize(runs: Int32Array, indices: Int32Array, distances: Float64Array): FindNearestNeighborsResults;
  }
  interface UmapStatus extends Freed {
    currentEpoch(): number;
    totalEpochs(): number;
    run(options: { runTime: number }): void;
    extractCoordinates(): { readonly x: Float64Array; readonly y: Float64Array };
  }
  function initialize(options: { numberOfThreads: number }): Promise<boolean>;
  function terminate(): Promise<void>;
  function createFloat64WasmArray(length: number): Float64WasmArray;
  function buildNeighborSearchIndex(
    values: Float64WasmArray,
    options: { numberOfDims: number; numberOfCells: number; approximate: boolean },
  ): SearchIndex;
  function findNearestNeighbors(
    index: SearchIndex,
    k: number,
    options: { numberOfThreads: number },
  ): FindNearestNeighborsResults;
  function initializeUmap(
    neighbours: FindNearestNeighborsResults,
    options: { epochs: number; minDist: number; numberOfThreads: number },
  ): UmapStatus;
}
