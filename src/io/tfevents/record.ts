import { maskedCrc32c } from './crc32c.ts';

/**
 * A record of the TFRecord format: uint64 length, masked CRC-32C of the length, the data, masked
 * CRC-32C of the data, all little-endian.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.byteLength);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.byteLength), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.byteLength, maskedCrc32c(data), true);
  return record;
}
