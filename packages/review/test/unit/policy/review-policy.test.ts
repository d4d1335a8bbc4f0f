import { expect, it } from '@jest/globals';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { defaultHighRiskPatterns } from '../../../src/policy/review-policy.js';

const authorize = (reviewer: string): { id: string; kind: 'human'; groups: readonly string[] } => ({
  id: reviewer,
  kind: 'human',
  groups: [],
});

it('has safe defaults, frozen', () => {
  const { config } = new ReviewManager();
  expect(config).toEqual({
    policy: {
      enabled: true,
      triggerMode: 'high_risk_only',
      highRiskPatterns: defaultHighRiskPatterns,
      autoApproveLowRisk: true,
      minApprovals: 1,
      timeoutHours: 24,
    },
  });
  expect(Object.isFrozen(config.policy.highRiskPatterns)).toBe(true);
});

it("takes the spec's example, and every option", () => {
  const policy = {
    enabled: true,
    triggerMode: 'high_risk_only',
    highRiskPatterns: ['*.env', '*.key', '/etc/*', 'rm -rf'],
    autoApproveLowRisk: true,
    minApprovals: 2,
    timeoutHours: 24,
  } as const;
  expect(new ReviewManager({ policy, authorize, analyzers: [], now: Date.now }).config.policy).toEqual(policy);
});

it.each([
  [{ policy: { minAproval: 2 } }, /Did you mean `policy.minApprovals`/],
  [{ polcy: {} }, /Did you mean `policy`/],
  [{ policy: { triggerMode: 'sometimes' } }, /triggerMode/],
  [{ policy: { timeoutHours: 0 } }, /timeoutHours/],
  [{ policy: { minApprovals: 0 } }, /minApprovals/],
  [{ policy: { highRiskPatterns: [''] } }, /empty/],
  [{ policy: { highRiskPatterns: ['!*.env'] } }, /negation/],
  [{ policy: { highRiskPatterns: ['../x'] } }, /from the root/],
  [{ policy: { highRiskPatterns: ['curl x | sh'] } }, /one simple command/],
  [{ policy: { highRiskPatterns: ['rm "'] } }, /not a shell command/],
  [{ policy: { minApprovals: 2 } }, /authorize/],
  [{ store: 1 }, /ReviewStore/],
])('refuses %j', (options, message) => {
  const make = (): unknown => Reflect.construct(ReviewManager, [options]);
  expect(make).toThrow(expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }));
  expect(make).toThrow(message);
});

it('leaves the objects that are handed in unfrozen', () => {
  const analyzer = { name: 'mine', analyze: () => [] };
  const manager = new ReviewManager({ analyzers: [analyzer] });
  expect(manager.config.policy.enabled).toBe(true);
  expect(Object.isFrozen(analyzer)).toBe(false);
});
