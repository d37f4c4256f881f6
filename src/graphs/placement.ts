import type { NetworkPlan } from '../models/networks/network.ts';
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
  /** Which of its kind. */
  readonly numbers: readonly number[];
  /** Sessions on each of them; on the CPU as many as are planned. */
  readonly sessionsPerPlace: number;
  /** Rows of a batch, which on a device is run whole; on the CPU chosen by memory. */
  readonly batch: number | undefined;
}

/** What is taken of a device's memory. */
export interface DeviceUse {
  /** Such as `cuda:0`. */
  readonly device: string;
  /** Estimated from the networks' shapes. */
  readonly plannedBytes: Bytes;
  /** As the driver counts it. */
  readonly number: number;
  /** Where the driver tells it. */
  readonly totalBytes?: Bytes;
  /** What was taken of it before, where the driver tells it. */
  readonly usedBefore?: Bytes;
}

/** Where the networks of an extraction are computed. */
export interface Placement {
  readonly visual: NetworkPlacement | undefined;
  readonly audio: NetworkPlacement | undefined;
  readonly devices: readonly DeviceUse[];
  /** What a reader should know of it. */
  readonly says: readonly string[];
}

const onCpu: NetworkPlacement = { device: 'cpu', numbers: [0], sessionsPerPlace: 1, batch: undefined };

/** Of a card's free memory this much is planned with: other programs come and go. */
const planned = 0.9;

/**
 * Places networks on a device. Integer kernels are the CPU's; a process has one session of WebGPU, so the network for sound is computed on the CPU where
 * there are two; a batch is halved until it fits into what a card has free.
 */
export async function placeNetworks(
  networks: { readonly visual?: NetworkPlan | undefined; readonly audio?: NetworkPlan | undefined },
  chosen: ChosenDevice,
  fixed: { readonly batch?: number | undefined; readonly workers?: number | undefined },
): Promise<Placement> {
  const { visual, audio } = networks;
  const { device, numbers } = chosen;
  if (device === 'cpu') return { visual: visual && onCpu, audio: audio && onCpu, devices: [], says: [] };
  const says: string[] = [];
  const place = (network: NetworkPlan | undefined, isSecond: boolean): NetworkPlacement | undefined => {
    if (network === undefined) return undefined;
    if (network.precision === 'int8') {
      says.push(`int8 is computed on the CPU, not on ${device}`);
      return onCpu;
    }
    if (isSecond && device === 'webgpu') {
      says.push(
        `${network.name} is computed on the CPU: a process has one session on webgpu, and ${visual?.name} takes it`,
      );
      return onCpu;
    }
    return { device, numbers, sessionsPerPlace: 1, batch: deviceBatch };
  };
  const placed = {
    visual: place(visual, false),
    audio: place(audio, visual !== undefined && visual.precision !== 'int8'),
  };
  const cards = device === 'cuda' ? await readCards() : [];
  const batch = fixed.batch ?? fittingBatch(networks, placed, cards);
  const sized = (placement: NetworkPlacement | undefined) =>
    placement === undefined || placement.device === 'cpu' ? placement : { ...placement, batch };
  const all = { visual: sized(placed.visual), audio: sized(placed.audio) };
  return { ...all, devices: devicesOf(networks, all, cards), says };
}

/** The largest batch, from the usual one down, that fits into the free memory of every card. */
function fittingBatch(
  networks: Parameters<typeof placeNetworks>[0],
  placed: Pick<Placement, 'visual' | 'audio'>,
  cards: readonly Card[],
): number {
  for (let batch = deviceBatch; batch > 1; batch /= 2) {
    const tried = {
      visual: placed.visual && { ...placed.visual, batch },
      audio: placed.audio && { ...placed.audio, batch },
    };
    const fits = (placed.visual ?? placed.audio)?.numbers.every((number) => {
      const card = cards[number];
      return card === undefined || neededOn(networks, tried) <= planned * (card.totalBytes - card.usedBytes);
    });
    if (fits !== false) return batch;
  }
  return 1;
}

/** What the networks take of each device that they are on. */
function neededOn(networks: Parameters<typeof placeNetworks>[0], placed: Pick<Placement, 'visual' | 'audio'>): Bytes {
  let [driver, sessions] = [0, 0];
  for (const stream of ['visual', 'audio'] as const) {
    const [network, placement] = [networks[stream], placed[stream]];
    if (network === undefined || placement === undefined || placement.device === 'cpu') continue;
    const need = network.deviceMemory({ sessions: placement.sessionsPerPlace, batch: placement.batch ?? deviceBatch });
    driver = need.total - placement.sessionsPerPlace * need.session;
    sessions += placement.sessionsPerPlace * need.session;
  }
  return driver + sessions;
}

function devicesOf(
  networks: Parameters<typeof placeNetworks>[0],
  placed: Pick<Placement, 'visual' | 'audio'>,
  cards: readonly Card[],
): readonly DeviceUse[] {
  const placement = [placed.visual, placed.audio].find((each) => each !== undefined && each.device !== 'cpu');
  if (placement === undefined) return [];
  const { device, numbers } = placement;
  return numbers.map((number) => ({
    device: placeName({ device, number }),
    plannedBytes: neededOn(networks, placed),
    number,
    ...(cards[number] && { totalBytes: cards[number].totalBytes, usedBefore: cards[number].usedBytes }),
  }));
}

/** Memory of this process that drivers take with their libraries and buffers for transfers, before any network. Measured, see docs/devices.md. */
const driverBytes: Readonly<Record<Device, Bytes>> = { cpu: 0, cuda: 1024 * 1024 * 1024, webgpu: 256 * 1024 * 1024 };

/** What the driver of a placement's device takes of this process's memory. */
export function driverMemory(placements: readonly (NetworkPlacement | undefined)[]): Bytes {
  return Math.max(...placements.map((placement) => driverBytes[placement?.device ?? 'cpu']));
}

/** The name that `NetworkPlan.open` takes. */
export function deviceName({ device, numbers }: NetworkPlacement): string {
  return device === 'cuda' ? numbers.map((number) => placeName({ device, number })).join(',') : device;
}

/**
 * Runs the sessions of a placement for a second in a process of their own, unless they are known to run; see `rehearse`. Gives the placement with the
 * number of sessions that pays, or the CPU's where the device cannot run them.
 */
export async function rehearsedPlacement(
  networks: { readonly visual?: NetworkPlan | undefined; readonly audio?: NetworkPlan | undefined },
  placement: Placement,
  fixed: { readonly workers?: number | undefined; readonly threads?: number | undefined },
): Promise<Placement> {
  const streams = (['visual', 'audio'] as const).flatMap((stream) => {
    const [network, place] = [networks[stream], placement[stream]];
    if (network === undefined || place === undefined || place.device === 'cpu') return [];
    return [{ stream, network, place }];
  });
  const [first] = streams;
  if (first === undefined) return placement;
  const rehearsed = streams.map(({ stream, network, place }) =>
    network.rehearsed({
      device: deviceName(place),
      batch: place.batch,
      workers: isMain(stream, networks) ? fixed.workers : place.numbers.length,
    }),
  );
  const found = await rehearse(rehearsed, first.network.cacheDirectory);
  if (!found.usable) {
    const says = [
      ...placement.says,
      `${deviceName(first.place)} cannot run ${streams.map(({ network }) => network.name).join(' and ')} (${found.reason}): computing on the CPU`,
    ];
    return { visual: placement.visual && onCpu, audio: placement.audio && onCpu, devices: [], says };
  }
  const withSessions: { visual: NetworkPlacement | undefined; audio: NetworkPlacement | undefined } = {
    visual: placement.visual,
    audio: placement.audio,
  };
  for (const [index, { stream, place }] of streams.entries()) {
    withSessions[stream] = { ...place, sessionsPerPlace: found.sessionsPerPlace[index] ?? 1 };
  }
  const { devices } = placement;
  const plannedBytes = neededOn(networks, withSessions);
  const says = placement.says;
  return { ...withSessions, says, devices: devices.map((device) => ({ ...device, plannedBytes })) };
}

/** Options of sessions are the visual network's; the network for sound has them where it is alone. */
const isMain = (stream: 'visual' | 'audio', networks: { readonly visual?: NetworkPlan | undefined }) =>
  stream === 'visual' || networks.visual === undefined;
