/** ONNX Runtime with its native WebGPU provider, which brings a Dawn of its own. */

import { onnxRuntime } from './onnxruntime_session.ts';

export const engine = onnxRuntime('webgpu');
