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
