import { coreErrorCodes } from '../errors/core-error-codes.js';
import type { ParacleError } from '../errors/paracle-error.js';
import type { DoctorFinding } from './doctor-report.js';

const waysOut = [
  'Start Docker: `sudo systemctl start docker`, or open Docker Desktop.',
  'Install it if it is missing: https://docs.docker.com/engine/install/',
  'Name an engine that runs elsewhere: the `endpoint` option or DOCKER_HOST.',
  'On Linux, make sure that this user may use the socket: `sudo usermod -aG docker $USER`, then log in again.',
].join('\n');

/** Explains why an engine can't be used. */
export function explainUnreachable(error: ParacleError): DoctorFinding {
  const isMissing = error.code === coreErrorCodes.engineNotAvailable;
  return {
    id: 'reachable',
    status: 'problem',
    title: isMissing ? 'No Docker Engine answers' : 'The Docker Engine can’t be used',
    explanation: error.message,
    remedy: isMissing ? waysOut : (error.suggestion ?? waysOut),
  };
}
