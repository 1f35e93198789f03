/**
 * The lint rules. `tools/check/plants.ts` plants a violation of each rule that we rely on, and the check fails where one is
 * not reported.
 */
import { defineConfig } from 'oxlint';
import { importMap } from './tools/check/import-map.ts';

const processExit = ['exit', 'reallyExit', 'abort'].map((property) => ({
  object: 'process',
  property,
  message: 'A blocked worker hangs it: shared/sys/process-exit.ts is the only way out.',
}));
const focusedTests = ['it', 'describe', 'context'].map((object) => ({
  object,
  property: 'only',
  message: 'It silences every other test.',
}));

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['node_modules', '**/generated/**', 'dist/**'],
  rules: {
    'max-lines': ['error', { max: 400, skipBlankLines: true }],
    'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    'max-params': ['error', { max: 4 }],
    complexity: ['error', { max: 20 }],
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-empty': 'error',
    'no-restricted-properties': ['error', ...processExit, ...focusedTests],
    'import/no-cycle': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    // Argument lists read best in the groups that belong together: ['--serial', 'tty'] spread into the whole.
    'unicorn/no-useless-spread': 'off',
    'unicorn/no-new-array': 'off',
    'no-control-regex': 'off',
    'typescript/no-meaningless-void-operator': 'off',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  },
  overrides: [
    ...importMap,
    { files: ['shared/**/*.ts'], rules: { 'no-console': 'error' } },
    { files: ['shared/sys/**/*.ts'], rules: { 'max-params': 'off' } },
    { files: ['shared/sys/process-exit.ts'], rules: { 'no-restricted-properties': 'off' } },
    {
      files: ['**/*.test.ts', 'test/**/*.ts'],
      rules: {
        'max-lines': ['error', { max: 600, skipBlankLines: true }],
        'max-lines-per-function': 'off',
        // chai's assertions are expressions.
        'no-unused-expressions': 'off',
      },
    },
  ],
});
