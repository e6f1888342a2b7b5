/** ONNX Runtime on the CPU, for context: what the same cores do without WebGPU between. */

import { onnxRuntime } from './onnxruntime_session.ts';

export const engine = onnxRuntime('cpu');
