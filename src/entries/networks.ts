/**
 * Networks, their cards, and where they are computed. The entry point `reelflow/networks`.
 *
 * @module reelflow/networks
 */

export {
  type AudioInput,
  type CardPreprocess,
  type FramesInput,
  loadCard,
  type ModelCard,
  parseCard,
} from '../models/networks/card.ts';
export { Network } from '../models/networks/embedder.ts';
export type { Assumption } from '../models/networks/guess-input.ts';
export type { SessionMemory } from '../models/networks/memory.ts';
export { checkWeights } from '../models/networks/named-weights.ts';
export { type NetworkOptions, NetworkPlan, type OpenOptions } from '../models/networks/network.ts';
export type { NamedOptions } from '../models/networks/network-entry.ts';
export type { NetworkInput, PictureInput, SoundInput } from '../models/networks/network-plan.ts';
export { type OfficialSource, officialSources } from '../models/networks/official-sources.ts';
export type { DeviceMemory } from '../models/networks/on-device.ts';
export { type NetworkName, type NetworkReads, networkNames } from '../models/networks/registry.ts';
export type { KnownOrigin, WeightsFile } from '../models/networks/weights-origin.ts';
export type { DeviceFinding } from '../models/onnx/device.ts';
export { type ChosenDevice, chooseDevice } from '../models/onnx/device.ts';
export { type Device, type DeviceChoice, readDevice } from '../models/onnx/device-name.ts';
export type { RunGuard } from '../models/onnx/measure-run.ts';
export type { Calibrated, CalibrationInputs, CalibrationSettings } from '../models/quantisation/calibrate.ts';
export { calibrate } from '../models/quantisation/calibrate.ts';
export type { Range, Ranges } from '../models/quantisation/range.ts';
