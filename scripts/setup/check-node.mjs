import { SetupError } from './step.mjs';

const MINIMUM = [20, 19];

/** Refuses a Node that is older than the packages' `engines` field. */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return version;
  throw new SetupError(
    `Expected Node ${MINIMUM.join('.')} or later, found ${version} (${process.execPath}). Install a newer Node and run this again.`,
  );
}
