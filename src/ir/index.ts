/** `vetoc/ir`: the float and the fixed graph — their types, checks, and their files. Loads no library but zod. */
export { fixedShapes, floatShapes, findNode, inputNode, veto } from './graph.js';
export type { FixedGraph, FloatGraph } from './graph.js';
export { MAX_PRESCALE } from './prescale.js';
export { readGraph, writeGraph } from './graph-files.js';
export { parseGraph, parseGraphText, printGraph, serializeGraph } from './serialize.js';
export type { GraphFiles, GraphKind } from './serialize.js';
export { verifyFixedGraph, verifyFloatGraph } from './verify.js';
