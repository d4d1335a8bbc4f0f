import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

const sources = 'packages/*/src/**/*.ts';
const tests = ['packages/*/test/**/*.ts', 'packages/*/bench/**/*.ts'];

const noStarExports = {
  selector: 'ExportAllDeclaration',
  message: 'Name what you export: `export *` is banned.',
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only the command line, the server and engine discovery in core read the environment.',
};
const noSiblingPaths = {
  regex: '(^|/)packages/|^(\\.\\./)+(core|sandbox|isolation|rollback|review|stack|server|cli)/(src|dist)/',
  message: 'Import siblings by package name.',
};
const noDockerode = { name: 'dockerode', message: "Only core imports dockerode; use core's interface." };

export default defineConfig(
  globalIgnores(['**/dist/', '**/build/', '**/coverage/', '**/.turbo/', 'examples/*/**']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['packages/*/tsconfig.test.json', 'examples/tsconfig.test.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'max-lines': ['error', 400],
      'max-depth': ['error', 3],
      'no-console': 'error',
      'no-restricted-syntax': ['error', noStarExports],
      'no-restricted-imports': ['error', { patterns: [noSiblingPaths] }],
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A promise-returning interface may be met without awaiting anything.
      '@typescript-eslint/require-await': 'off',
      // `asyncDispose` and friends are looked up by symbol; plain functions with a void result are passed on.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
    },
  },
  {
    files: [sources],
    // Support of tests is written as tests are.
    ignores: ['packages/test-support/**'],
    rules: {
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', noStarExports, noEnvironment],
      'no-restricted-imports': ['error', { paths: [noDockerode], patterns: [noSiblingPaths] }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
    },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noSiblingPaths] }] },
  },
  {
    files: ['packages/core/src/engine/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noStarExports] },
  },
  {
    files: tests,
    extends: [jest.configs['flat/recommended']],
    settings: { jest: { version: 30 } },
    rules: {
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert'] }],
      'jest/no-disabled-tests': 'error',
      'jest/no-focused-tests': 'error',
      'jest/prefer-importing-jest-globals': 'error',
      // Tests make invalid values on purpose and pass methods to matchers.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['examples/**/*.ts', 'packages/*/bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'Buffer',
          'URL',
          'URLSearchParams',
          'AbortController',
          'AbortSignal',
          'console',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'structuredClone',
          'fetch',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: { 'max-lines': ['error', 400] },
  },
);
