import tseslint from 'typescript-eslint';

/** Names of ops that mean nothing else. */
const KINDS =
  '/^(conv2d|depthwiseConv2d|dense|batchNorm|leakyRelu|maxPool|avgPool|globalAvgPool|globalMaxPool|requantize)$/';

/** What `loadRun` is for: it notices damaged files. */
const PAST_LOAD_RUN = {
  group: ['**/ir/graph-files.js'],
  importNames: ['readGraph'],
  message: 'A run is opened by loadRun (run/folder.ts), which notices damaged files.',
};

export default tseslint.config(
  { ignores: ['dist', 'out', 'coverage', '.cache', '**/*.cjs', 'src/onnx-file/generated'] },
  ...tseslint.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    files: ['src/**/*.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A `default:` would take in the kind that comes next: every kind has an arm.
        { considerDefaultExhaustiveForUnions: false, allowDefaultCaseForExhaustiveSwitch: false },
      ],
      'no-restricted-syntax': [
        'error',
        ...[
          `NewExpression[callee.name='Set'] Literal[value=${KINDS}]`,
          `CallExpression[callee.property.name=/^(includes|indexOf)$/] > MemberExpression > ArrayExpression > Literal[value=${KINDS}]`,
          `VariableDeclarator > ArrayExpression > Literal[value=${KINDS}]`,
          `VariableDeclarator > TSAsExpression > ArrayExpression > Literal[value=${KINDS}]`,
        ].map((selector) => ({
          selector,
          message:
            "A list of kinds misses the kind that comes next: say it as a trait in the op's record (src/ir/ops).",
        })),
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // noUncheckedIndexedAccess makes every typed-array read "possibly undefined"; bounds are the loops'.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    // Arguments, streams, the environment, signals and the exit code are the command line's.
    files: ['src/**/*.ts'],
    ignores: [
      'src/cli/**',
      'src/audit/view/page/**',
      // Contain what libraries hang on the process, or start processes.
      'src/data/formats/bytes.ts',
      'src/data/hdf5/library.ts',
      'src/simulate/process.ts',
      'src/tensorflow/backend.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Only src/cli may; core/machine.ts says what runs.' },
      ],
    },
  },
  {
    files: ['src/{run,cli}/**/*.ts'],
    ignores: ['src/run/folder.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [PAST_LOAD_RUN] }] },
  },
);
