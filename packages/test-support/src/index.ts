export { buildPackage } from './build-package.js';
export { callEngine } from './call-engine.js';
export { findSocket } from './connectable-engine.js';
export { createRandom } from './create-random.js';
export { installLyingSupervisor, type LyingSupervisor } from './lying-supervisor.js';
export { PrivateEngine } from './private-engine.js';
export { type Forward, RelayedEngine } from './relayed-engine.js';
export { scaled } from './scaled.js';
export { waitUntil } from './wait-until.js';
