export type { Digest, FileChange, FileState } from './file-change.js';
