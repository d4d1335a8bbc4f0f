import type { DoctorFinding } from './doctor-report.js';

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly isPrerelease: boolean;
}

/**
 * Escapes from containers that were mended in later versions of runc than this one; undefined where the version
 * can't be read. Distributions patch old versions, so it is a hint, not a verdict.
 * @see https://github.com/opencontainers/runc/security/advisories/GHSA-xr7r-f8xq-vfvv (CVE-2024-21626, fixed in 1.1.12)
 * @see https://github.com/opencontainers/runc/releases/tag/v1.2.8 (CVE-2025-31133, -52565, -52881; also fixed in 1.3.3)
 */
export function findRuncHoles(runcVersion: string | undefined): readonly string[] | undefined {
  const version = runcVersion === undefined ? undefined : parseVersion(runcVersion);
  return version && findHoles(version);
}

/** Judges runc by its version string. */
export function checkRunc(runcVersion: string | undefined): DoctorFinding {
  const finding = { id: 'runc', title: 'Container runtime' };
  const holes = findRuncHoles(runcVersion);
  if (holes === undefined) {
    return {
      ...finding,
      status: 'warning',
      explanation: 'The engine does not say which runc it uses, so known holes can’t be ruled out.',
      remedy: 'Run `runc --version` on the engine’s host; 1.2.8, 1.3.3 and later are good.',
    };
  }
  if (holes.length === 0)
    return {
      ...finding,
      status: 'ok',
      explanation: `runc ${runcVersion} has no hole known to this version of Paracle.`,
    };
  return {
    ...finding,
    status: 'warning',
    explanation: `runc ${runcVersion} is older than the fix of ${holes.join(', ')}, which let a container break out. This goes by the version string; the distribution may have patched it.`,
    remedy: 'Check your distribution’s security tracker, or upgrade to runc 1.2.8, 1.3.3 or later.',
  };
}

function findHoles(version: Version): readonly string[] {
  const holes: string[] = [];
  if (isBefore(version, 1, 1, 12)) holes.push('CVE-2024-21626');
  const isFixedIn2025 = version.minor === 2 ? !isBefore(version, 1, 2, 8) : !isBefore(version, 1, 3, 3);
  if (!isFixedIn2025) holes.push('CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881');
  return holes;
}

function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, rest = ''] = /^v?(\d+)\.(\d+)\.(\d+)(.*)$/u.exec(text) ?? [];
  if (major === undefined) return undefined;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    isPrerelease: /^[-~](?:rc|beta|alpha)/u.test(rest),
  };
}

function isBefore({ major, minor, patch, isPrerelease }: Version, ...fix: readonly [number, number, number]): boolean {
  const differences = [major - fix[0], minor - fix[1], patch - fix[2]];
  const first = differences.find((difference) => difference !== 0) ?? 0;
  return first < 0 || (first === 0 && isPrerelease);
}
