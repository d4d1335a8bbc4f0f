import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import type { CallOptions } from '../engine/connection/call-options.js';
import { toEndpointUrl } from '../engine/endpoint/engine-endpoint.js';
import type { Engine } from '../engine/engine.js';
import { ParacleError } from '../errors/paracle-error.js';
import { checkDisk } from './check-disk.js';
import { checkIsolation } from './check-isolation.js';
import { checkLimits } from './check-limits.js';
import { checkRunc } from './check-runc.js';
import type { DoctorFinding, DoctorReport } from './doctor-report.js';
import { explainUnreachable } from './explain-unreachable.js';

/**
 * Looks at an engine and says in plain words what it can and can't guarantee.
 * That no engine answers is a finding too, with the ways out. Rejects only if the signal fires.
 */
export async function doctor(engine: Engine, options: CallOptions = {}): Promise<DoctorReport> {
  try {
    const { endpoint, apiVersion } = await engine.connect(options);
    const capabilities = await engine.capabilities(options);
    const reachable: DoctorFinding = {
      id: 'reachable',
      status: 'ok',
      title: 'A Docker Engine answers',
      explanation: `Docker ${capabilities.serverVersion} at ${toEndpointUrl(endpoint)}; API ${apiVersion} is spoken.`,
    };
    return toReport([reachable, ...checkCapabilities(capabilities)], describeEngine(capabilities));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!ParacleError.isInstance(error)) throw error;
    return toReport([explainUnreachable(error)]);
  }
}

/** Everything that follows from what an engine reports. */
export function checkCapabilities(capabilities: EngineCapabilities): readonly DoctorFinding[] {
  return [
    ...checkLimits(capabilities),
    checkDisk(capabilities),
    ...checkIsolation(capabilities),
    checkRunc(capabilities.runcVersion),
  ];
}

function describeEngine({ serverVersion, operatingSystem, arch, kernelVersion }: EngineCapabilities): string {
  return `Docker ${serverVersion} on ${operatingSystem} (${arch}, kernel ${kernelVersion})`;
}

function toReport(findings: readonly DoctorFinding[], engine?: string): DoctorReport {
  const has = (status: DoctorFinding['status']): boolean => findings.some((finding) => finding.status === status);
  const status = has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok';
  return { status, ...(engine === undefined ? {} : { engine }), findings };
}
