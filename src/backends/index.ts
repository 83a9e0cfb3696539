/** The back ends, in the order in which a run writes them. A new one is its folder and a line here. */
import type { Backend } from './backend.js';
import { hls } from './hls/backend.js';
import { layersModel } from './layers-model/backend.js';
import { onnx } from './onnx/backend.js';
import { rtl } from './rtl/backend.js';

export const BACKENDS: readonly Backend[] = [layersModel, onnx, hls, rtl];
