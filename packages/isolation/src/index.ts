export { type NetworkConfig, parseNetworkConfig, type ResolvedNetworkConfig } from './config/network-config.js';
export {
  type AllowedIp,
  type NetworkPolicy,
  parseNetworkPolicy,
  type ResolvedAllowedIp,
  type ResolvedNetworkPolicy,
} from './config/network-policy.js';
export type { PortName, PortOption, PortProtocol } from './config/port.js';
export type { Denial, DenialReason } from './denials/denial.js';
export { type DenialJournal, type ParseDenialsOptions, parseDenials } from './denials/parse-denials.js';
export { type IsolationErrorCode, isolationErrorCodes } from './errors/isolation-error-codes.js';
export { IsolationError, SubnetPoolsExhaustedError, type TakenSubnet } from './errors/isolation-errors.js';
export type { Attachment } from './isolator/attachment.js';
export type { Canary, CanaryTarget } from './isolator/canary.js';
export type { EnforcementProof } from './isolator/enforcement-proof.js';
export type { IsolatedNetwork, NetworkInfo } from './isolator/isolated-network.js';
export type { NetworkIsolatorEvents, NetworkIsolatorOptions } from './isolator/isolator-options.js';
export { NetworkIsolator } from './isolator/network-isolator.js';
export { compileRuleset } from './ruleset/compile-ruleset.js';
export { hashRuleset } from './ruleset/hash-ruleset.js';
export type { RulesetContext } from './ruleset/ruleset-context.js';
export { type ChooseSubnetOptions, chooseSubnet } from './subnets/choose-subnet.js';
