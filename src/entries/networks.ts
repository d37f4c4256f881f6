/**
 * Networks, their cards, and the devices that run them. The entry point `reelflow/networks`.
 *
 * @module reelflow/networks
 */

export {
  type AudioInput,
  type CardPreprocess,
  type FramesInput,
  loadCard,
  type NetworkCard,
  parseCard,
} from '../models/networks/card.ts';
export type { CardText } from '../models/networks/card-text.ts';
export { Network } from '../models/networks/embedder.ts';
export type { Assumption } from '../models/networks/guess-input.ts';
export { checkWeights } from '../models/networks/named-weights.ts';
export { type NetworkOptions, type OpenOptions, UnopenedNetwork } from '../models/networks/network.ts';
export type { NamedOptions } from '../models/networks/network-entry.ts';
export type { SessionMemory } from '../models/networks/network-memory.ts';
export { type NetworkName, type NetworkReads, networkNames } from '../models/networks/network-registry.ts';
export { type OfficialSource, officialSources } from '../models/networks/official-sources.ts';
export type { DeviceMemory } from '../models/networks/on-device.ts';
export type { FrameInput, NetworkInput, PatchInput } from '../models/networks/unopened-network.ts';
export type { KnownOrigin, WeightsFile } from '../models/networks/weights-origin.ts';
export type { DeviceFinding } from '../models/onnx/device.ts';
export { type ChosenDevice, chooseDevice } from '../models/onnx/device.ts';
export { type Device, type DeviceChoice, readDevice } from '../models/onnx/device-name.ts';
export type { RunGuard } from '../models/onnx/measure-run.ts';
export type { Calibrated, CalibrationInputs, CalibrationSettings } from '../models/quantisation/calibrate.ts';
export { calibrate } from '../models/quantisation/calibrate.ts';
export type { Range, Ranges } from '../models/quantisation/range.ts';
