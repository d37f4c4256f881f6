/**
 * Keeps ONNX Runtime from collecting anything: its builds for Linux and macOS send events of
 * sessions and networks to Microsoft, and keep an identifier in the temporary directory, unless
 * this variable is set when they are loaded. A value that is there already stays.
 *
 * Called before the library is loaded, and before a thread starts that loads it: what a thread sets
 * does not reach the library.
 */
export function leaveTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
