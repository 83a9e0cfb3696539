// The layers of the design: imports run downwards in this list only.
const LAYERS = [
  ['core'],
  ['fixed', 'onnx-file'],
  ['ir'],
  ['evaluate', 'statistics', 'draw'],
  ['data', 'targets', 'tensorflow'],
  ['calibrate', 'passes', 'spotfind', 'simulate'],
  ['backends'],
  ['frontends'],
  ['train', 'explain'],
  ['verify', 'report', 'audit', 'live'],
  ['run'],
  ['text'],
  ['cli'],
];
const folders = (layers) => `^src/(${layers.flat().join('|')})/`;
const layering = LAYERS.slice(0, -1).map((layer, i) => ({
  name: `${layer.join('-')}-imports-upwards`,
  severity: 'error',
  from: { path: folders([layer]) },
  to: { path: folders(LAYERS.slice(i + 1)) },
}));
const onlyIn = (name, packages, allowed) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: allowed },
  to: { path: packages },
});

module.exports = {
  forbidden: [
    ...layering,
    { name: 'no-cycles', severity: 'error', from: { path: '^src' }, to: { circular: true } },
    onlyIn('tfjs-in-one-folder', 'node_modules/@tensorflow/', '^src/tensorflow/'),
    onlyIn('protobuf-in-onnx', 'node_modules/(protobufjs|onnx-proto)/', '^src/onnx-file/'),
    onlyIn('onnxruntime-in-ort', 'node_modules/onnxruntime', '^src/(backends/onnx/ort|frontends/original)/'),
    onlyIn('processes-in-two-files', '^(node:)?child_process$', '^src/(simulate/process|core/worker)\\.ts$'),
    {
      name: 'a-command-imports-no-other',
      comment: 'what two commands share stands beside them, or in run/',
      severity: 'error',
      from: { path: '^src/cli/commands/(?!index)' },
      to: { path: '^src/cli/commands/' },
    },
    onlyIn('streams-in-live', 'node_modules/(zeromq|cborg|@msgpack|fzstd|prom-client)/', '^src/live/'),
    {
      name: 'back-ends-by-their-records',
      comment: 'what runs, verifies, exports and reports goes over BACKENDS and names none of them',
      severity: 'error',
      from: {
        path: '^src/(run|report|verify|audit)/',
        // An image of weights and the estimate of a board are of the HLS firmware alone.
        pathNot: '^src/run/(export-weights|estimate|stages/budget|runs/diff)\\.ts$',
      },
      to: { path: '^src/backends/(?!(index|backend)\\.ts|dataflow/|onnx/ort/)' },
    },
    {
      name: 'the-command-line-uses-the-library',
      comment: 'its entries, as others do, and what reads and writes text',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/(?!cli/)',
        pathNot: [
          '^src/index\\.ts$',
          '^src/[a-z]+/index\\.ts$',
          '^src/backends/[a-z]+/index\\.ts$',
          '^src/core/',
        ],
      },
    },
    onlyIn('commander-in-cli', 'node_modules/commander/', '^src/cli/'),
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/' },
      // A peer is what a user may install; tests have it, too.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
