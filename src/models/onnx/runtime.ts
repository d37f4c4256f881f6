import { createRequire } from 'node:module';
import { leaveTelemetryOff } from './telemetry.ts';

interface RuntimeModule {
  readonly env: { readonly versions: { readonly node?: string | undefined; readonly common: string } };
  listSupportedBackends(): readonly { readonly name: string }[];
}

/**
 * Loaded on first use: a process that infers only in worker threads need not load the library in
 * its main one.
 */
function load(): RuntimeModule {
  leaveTelemetryOff();
  return createRequire(import.meta.url)('onnxruntime-node') as RuntimeModule;
}

/**
 * Version of the ONNX Runtime used for inference.
 *
 * @throws the loader's own error if the package or its binary is missing.
 */
export function runtimeVersion(): string {
  const { versions } = load().env;
  return versions.node ?? versions.common;
}

/**
 * Names of the execution providers of this ONNX Runtime, such as `cpu`.
 *
 * @throws the loader's own error if the package or its binary is missing.
 */
export function executionProviders(): readonly string[] {
  return load()
    .listSupportedBackends()
    .map(({ name }) => name);
}
