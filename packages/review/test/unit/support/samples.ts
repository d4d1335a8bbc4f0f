import type { ReviewerIdentity } from '../../../src/identity/authorize.js';
import type { CreateReviewInput } from '../../../src/manager/call-inputs.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** High risk, and complete enough to be claimed. */
export const riskyChange: CreateReviewInput = {
  artifactId: 'file-001',
  artifactType: 'file_change',
  artifactContent: { path: '/etc/hosts', change: 'modified', mode: 0o644, before: digest('a'), after: digest('b') },
  sandboxId: 'sandbox-123',
  requestedBy: 'agent@example.com',
};

/** Low risk, and complete. */
export const harmlessCommand: CreateReviewInput = {
  artifactId: 'exec-001',
  artifactType: 'command_execution',
  artifactContent: { command: ['npm', 'test'] },
};

/** Believes everybody, and keeps aliases of one person together. */
export function authorizeAll(reviewer: string): ReviewerIdentity {
  return { id: reviewer.replace(/\+[^@]*(?=@)/, ''), kind: 'human', groups: ['staff'] };
}
