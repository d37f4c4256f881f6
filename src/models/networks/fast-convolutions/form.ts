/**
 * How convolutions are computed: with fewer products where that pays for their shape, or by ONNX
 * Runtime's own operation.
 */
export const convolutionForms = ['fast', 'direct'] as const;

/** One of `convolutionForms`. */
export type ConvolutionForm = (typeof convolutionForms)[number];
