/** One base for every package: unit tests need no engine, integration tests use a real one. */
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: '<rootDir>/tsconfig.test.json' }] },
  testEnvironmentOptions: { customExportConditions: ['@paracle/source', 'node', 'node-addons'] },
};

export const unit = { ...shared, testMatch: ['<rootDir>/test/unit/**/*.test.ts'] };

export const integration = {
  ...shared,
  testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
  testTimeout: 120_000,
  maxWorkers: 1,
};

/**
 * Tests whose coverage counts: with `PARACLE_COVERAGE=1` they leave in `coverage/KIND` which branches they took, and
 * `scripts/check-coverage.mjs` wants every branch to have been taken by tests of one kind or the other.
 */
export const measured = (config, kind) => ({
  ...config,
  collectCoverage: process.env.PARACLE_COVERAGE === '1',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageDirectory: `coverage/${kind}`,
  coverageReporters: ['json'],
});
