// The layers of the design: imports run downwards in this list only.
const LAYERS = [
  ['core'],
  ['fixed', 'onnx-file'],
  ['ir'],
  ['evaluate', 'statistics', 'draw'],
  ['data', 'targets', 'tensorflow'],
  ['calibrate', 'passes', 'spotfind'],
  ['backends'],
  ['frontends', 'simulate'],
  ['train', 'explain'],
  ['verify', 'report', 'audit'],
  ['run'],
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
    onlyIn('onnxruntime-in-ort', 'node_modules/onnxruntime', '^src/simulate/ort'),
    onlyIn('processes-in-one-file', '^(node:)?child_process$', '^src/simulate/process\\.ts$'),
    {
      name: 'a-command-imports-no-other',
      comment: 'what two commands share stands beside them, or in run/',
      severity: 'error',
      from: { path: '^src/cli/commands/(?!index)' },
      to: { path: '^src/cli/commands/' },
    },
    onlyIn('commander-in-cli', 'node_modules/commander/', '^src/cli/'),
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
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
