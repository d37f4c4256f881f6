/** Where a network is computed. */
export type Device = 'cpu' | 'cuda' | 'webgpu';
