/**
 * Keeps ONNX Runtime from collecting anything: its Linux and macOS builds send events about
 * sessions and networks to Microsoft, and keep an identifier in the temporary directory, unless
 * this variable is set when they are loaded. An existing value is kept.
 *
 * Call it before the library is loaded, and before starting a thread that loads it: variables set
 * inside a thread do not reach the library.
 */
export function leaveTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
