import { createRequire } from 'node:module';
import { leaveTelemetryOff } from './telemetry.ts';

interface RuntimeModule {
  readonly env: { readonly versions: { readonly node?: string | undefined; readonly common: string } };
  listSupportedBackends(): readonly { readonly name: string }[];
}

/**
 * Loaded on use: a process that infers in threads only need not map the library on its main one.
 */
function load(): RuntimeModule {
  leaveTelemetryOff();
  return createRequire(import.meta.url)('onnxruntime-node') as RuntimeModule;
}

/**
 * Version of the ONNX Runtime that inference runs on.
 *
 * @throws the loader's own error when the package or its binary is missing.
 */
export function runtimeVersion(): string {
  const { versions } = load().env;
  return versions.node ?? versions.common;
}

/**
 * Names of the execution providers of this ONNX Runtime, such as `cpu`.
 *
 * @throws the loader's own error when the package or its binary is missing.
 */
export function executionProviders(): readonly string[] {
  return load()
    .listSupportedBackends()
    .map(({ name }) => name);
}
