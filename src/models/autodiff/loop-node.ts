import { integerField, messageField, stringField } from '../../core/protobuf-writer.ts';
import { node, type OnnxGraph, type OnnxNode } from '../onnx/onnx-graph.ts';
import { encodeBody } from '../onnx/write.ts';

/**
 * ONNX's `Loop`: runs `body` as many times as the first input says. The body's inputs are the
 * number of the iteration, whether to continue, and the carried values; its outputs are whether to
 * continue, the carried values, and the values that are collected.
 */
export function loopNode(inputs: readonly string[], outputs: readonly string[], body: OnnxGraph): OnnxNode {
  const made = node('Loop', inputs, outputs);
  const attribute = [...stringField(1, 'body'), ...messageField(6, encodeBody(body)), ...integerField(20, 5)];
  return { ...made, encoded: [...made.encoded, ...messageField(5, attribute)], hasSubgraph: true, bodies: { body } };
}
