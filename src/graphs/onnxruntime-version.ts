import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of ONNX Runtime, as its package states it. */
export function onnxruntimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
