/**
 * How convolutions are computed: with fewer products where their shape pays, or as ONNX Runtime's
 * own operation.
 */
export const convolutionForms = ['fast', 'direct'] as const;

/** One of `convolutionForms`. */
export type ConvolutionForm = (typeof convolutionForms)[number];
