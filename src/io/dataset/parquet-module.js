// @ts-check
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initSync } from 'parquet-wasm/esm';

const PAGE_BYTES = 64 * 1024;
/** The maximum number of pages that 32 bits can address. */
const MAX_PAGES = 65_536;
const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;

/**
 * Loads parquet-wasm into this thread with a limit on its memory. Without one it may grow to 4 GiB,
 * which a file of a few kilobytes can cause; beyond the limit an allocation fails, and with it the
 * thread.
 *
 * @param {number} mostBytes
 */
export function loadParquet(mostBytes) {
  const path = createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm');
  const pages = Math.min(MAX_PAGES, Math.ceil(mostBytes / PAGE_BYTES));
  initSync({ module: withMostPages(readFileSync(path), pages) });
}

/**
 * A module whose memory section
 * (https://webassembly.github.io/spec/core/binary/modules.html#memory-section) states the maximum
 * number of pages.
 *
 * @param {Uint8Array} module
 * @param {number} pages
 * @returns {Uint8Array<ArrayBuffer>}
 */
function withMostPages(module, pages) {
  let at = HEADER_BYTES;
  while (at < module.length) {
    const size = varint(module, at + 1);
    const end = size.end + size.value;
    if (module[at] === MEMORY_SECTION) {
      // One memory, whose limits start with a flag (1: there is a maximum) and the minimum.
      const minimum = varint(module, size.end + 2);
      const limits = [1, 1, ...encodedVarint(minimum.value), ...encodedVarint(Math.max(minimum.value, pages))];
      const section = [MEMORY_SECTION, ...encodedVarint(limits.length), ...limits];
      const bytes = new Uint8Array(module.length - (end - at) + section.length);
      bytes.set(module.subarray(0, at));
      bytes.set(section, at);
      bytes.set(module.subarray(end), at + section.length);
      return bytes;
    }
    at = end;
  }
  throw new Error('parquet-wasm has no memory of its own');
}

/** @param {Uint8Array} bytes @param {number} start */
function varint(bytes, start) {
  let [value, factor, at] = [0, 1, start];
  for (;;) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    at += 1;
    if (byte < 0x80) return { value, end: at };
  }
}

/** @param {number} value @returns {number[]} */
function encodedVarint(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodedVarint(Math.floor(value / 128))];
}
