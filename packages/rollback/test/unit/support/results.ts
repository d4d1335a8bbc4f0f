type Facts = Readonly<Record<string, unknown>>;

const facts = { executionId: 'exe_1', command: ['true'], cause: 'exited', exitCode: 0, limitsHit: [], stdout: '' };

/** What an execution that ended with 0 is known by. */
export function goodResult(overrides: Facts = {}): Facts {
  return { ...facts, ...overrides };
}

/** What an execution that ended with 3 is known by. */
export function failedResult(overrides: Facts = {}): Facts {
  return goodResult({ exitCode: 3, ...overrides });
}
