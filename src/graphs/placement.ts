import { UsageError } from '../core/errors.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import { deviceBatch } from '../models/networks/on-device.ts';
import type { Card } from '../models/onnx/cards.ts';
import { readCards } from '../models/onnx/cards.ts';
import type { ChosenDevice } from '../models/onnx/device.ts';
import { type Device, placeName } from '../models/onnx/device-name.ts';
import { rehearse } from '../models/onnx/rehearse.ts';
import type { Bytes } from '../operators/payload.ts';

/** Where one network is computed. */
export interface NetworkPlacement {
  readonly device: Device;
  /** Which devices of that kind. */
  readonly numbers: readonly number[];
  /** Sessions on each device; on the CPU, as many as planned. */
  readonly sessionsPerPlace: number;
  /**
   * Rows of a batch, which a device always runs whole; undefined on the CPU, where memory decides.
   */
  readonly batch: number | undefined;
}

/** What is taken from a device's memory. */
export interface DeviceUse {
  /** For example `cuda:0`. */
  readonly device: string;
  /** Estimated from the networks' shapes. */
  readonly plannedBytes: Bytes;
  /** The device's number, as the driver counts. */
  readonly number: number;
  /** The device's memory, if the driver reports it. */
  readonly totalBytes?: Bytes | undefined;
  /** Memory that was in use before, if the driver reports it. */
  readonly usedBefore?: Bytes | undefined;
}

/** Where the networks of a run are computed. */
export interface DevicePlacement {
  /** One for each network, in their order. */
  readonly networks: readonly NetworkPlacement[];
  readonly devices: readonly DeviceUse[];
  /** What a reader should know about the placement, in sentences. */
  readonly says: readonly string[];
}

const onCpu: NetworkPlacement = { device: 'cpu', numbers: [0], sessionsPerPlace: 1, batch: undefined };

/**
 * Refuses to compute a network in float16 on the CPU, which has no kernels for it.
 *
 * @param why - the network would be on the CPU.
 * @throws UsageError for a network in float16.
 */
export function refuseOnCpu({ precision, name }: UnopenedNetwork, why: string): void {
  if (precision !== 'float16') return;
  throw new UsageError(`\`precision: 'float16'\` is for cuda and webgpu, but ${name} would be on the CPU (${why})`, {
    option: 'precision',
    remedy: "Use `precision: 'float32'`, or 'int8', which the CPU is fast at.",
  });
}

/** The share of a card's free memory to plan with: other programs' use of it comes and goes. */
const planned = 0.9;

/**
 * Places networks on a device. Only the CPU has integer kernels. A process has only one WebGPU
 * session, so all networks but the first are then computed on the CPU. A batch is halved until it
 * fits into a card's free memory.
 *
 * @throws UsageError for a network in float16 that would be computed on the CPU.
 */
export async function placeNetworks(
  networks: readonly UnopenedNetwork[],
  { device, numbers, says: why }: ChosenDevice,
  fixed: { readonly batch?: number | undefined; readonly workers?: number | undefined },
): Promise<DevicePlacement> {
  if (device === 'cpu') {
    for (const network of networks) refuseOnCpu(network, why ?? 'as `device` says');
    return { networks: networks.map(() => onCpu), devices: [], says: [] };
  }
  const says: string[] = [];
  let first: UnopenedNetwork | undefined;
  const placed = networks.map((network): NetworkPlacement => {
    if (network.precision === 'int8') {
      says.push(`int8 is computed on the CPU, not on ${device}`);
      return onCpu;
    }
    if (first !== undefined && device === 'webgpu') {
      refuseOnCpu(network, `a process has one session on webgpu, and ${first.name} takes it`);
      says.push(
        `${network.name} is computed on the CPU: a process has one session on webgpu, and ${first.name} takes it`,
      );
      return onCpu;
    }
    first ??= network;
    return { device, numbers, sessionsPerPlace: 1, batch: deviceBatch };
  });
  const cards = device === 'cuda' ? await readCards() : [];
  const batch = fixed.batch ?? fittingBatch(networks, placed, cards);
  const sized = placed.map((placement) => (placement.device === 'cpu' ? placement : { ...placement, batch }));
  return { networks: sized, devices: devicesOf(networks, sized, cards), says };
}

/** The largest batch, from the usual one down, that fits into the free memory of every card. */
function fittingBatch(
  networks: readonly UnopenedNetwork[],
  placed: readonly NetworkPlacement[],
  cards: readonly Card[],
): number {
  for (let batch = deviceBatch; batch > 1; batch /= 2) {
    const tried = placed.map((placement) => ({ ...placement, batch }));
    const fits = placed[0]?.numbers.every((number) => {
      const card = cards[number];
      return card === undefined || neededOn(networks, tried) <= planned * (card.totalBytes - card.usedBytes);
    });
    if (fits !== false) return batch;
  }
  return 1;
}

/** What the networks need on each device that they are placed on. */
function neededOn(networks: readonly UnopenedNetwork[], placed: readonly NetworkPlacement[]): Bytes {
  let [driver, sessions] = [0, 0];
  for (const [index, network] of networks.entries()) {
    const { device, sessionsPerPlace, batch } = placed[index] as NetworkPlacement;
    if (device === 'cpu') continue;
    const need = network.deviceMemory({ sessions: sessionsPerPlace, batch: batch ?? deviceBatch });
    driver = need.total - sessionsPerPlace * need.session;
    sessions += sessionsPerPlace * need.session;
  }
  return driver + sessions;
}

function devicesOf(
  networks: readonly UnopenedNetwork[],
  placed: readonly NetworkPlacement[],
  cards: readonly Card[],
): readonly DeviceUse[] {
  const placement = placed.find(({ device }) => device !== 'cpu');
  if (placement === undefined) return [];
  const { device, numbers } = placement;
  return numbers.map((number) => ({
    device: placeName({ device, number }),
    plannedBytes: neededOn(networks, placed),
    number,
    totalBytes: cards[number]?.totalBytes,
    usedBefore: cards[number]?.usedBytes,
  }));
}

/**
 * Memory of this process that drivers take for their libraries and transfer buffers, before any
 * network is loaded. Measured, see docs/devices.md.
 */
const driverBytes: Readonly<Record<Device, Bytes>> = { cpu: 0, cuda: 768 * 1024 * 1024, webgpu: 256 * 1024 * 1024 };

/** What the driver of a placement's device takes from this process's memory. */
export function driverMemory(placements: readonly NetworkPlacement[]): Bytes {
  return Math.max(0, ...placements.map(({ device }) => driverBytes[device]));
}

/** The name that `UnopenedNetwork.open` takes. */
export function deviceName({ device, numbers }: NetworkPlacement): string {
  return device === 'cuda' ? numbers.map((number) => placeName({ device, number })).join(',') : device;
}

/**
 * Runs the sessions of a placement for a second in a separate process, unless they are known to
 * run; see `rehearse`. Returns the placement with the number of sessions that pays off, or the
 * placement on the CPU if the device cannot run them.
 *
 * @throws UsageError if that would put a network in float16 on the CPU.
 */
export async function rehearsedPlacement(
  networks: readonly UnopenedNetwork[],
  placement: DevicePlacement,
  fixed: { readonly workers?: number | undefined; readonly threads?: number | undefined },
): Promise<DevicePlacement> {
  const onDevice = networks.flatMap((network, index) => {
    const place = placement.networks[index] as NetworkPlacement;
    return place.device === 'cpu' ? [] : [{ index, network, place }];
  });
  const [first] = onDevice;
  if (first === undefined) return placement;
  const rehearsed = onDevice.map(({ index, network, place }) =>
    network.rehearsed({
      device: deviceName(place),
      batch: place.batch,
      // All sessions use the options of the first network.
      workers: index === 0 ? fixed.workers : place.numbers.length,
    }),
  );
  const found = await rehearse(rehearsed, first.network.cacheDirectory);
  if (!found.usable) {
    for (const { network } of onDevice) refuseOnCpu(network, found.reason);
    const names = onDevice.map(({ network }) => network.name).join(' and ');
    const sentence = `${deviceName(first.place)} cannot run ${names} (${found.reason}): computing on the CPU`;
    return { networks: networks.map(() => onCpu), devices: [], says: [...placement.says, sentence] };
  }
  const withSessions = [...placement.networks];
  for (const [order, { index, place }] of onDevice.entries()) {
    withSessions[index] = { ...place, sessionsPerPlace: found.sessionsPerPlace[order] ?? 1 };
  }
  const plannedBytes = neededOn(networks, withSessions);
  const devices = placement.devices.map((device) => ({ ...device, plannedBytes }));
  return { networks: withSessions, devices, says: placement.says };
}
