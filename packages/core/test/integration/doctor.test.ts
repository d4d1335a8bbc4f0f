import { expect, it } from '@jest/globals';
import { doctor, Engine, formatDoctorReport } from '@paracle/core';

it('says what this engine can guarantee', async () => {
  await using engine = new Engine();

  const report = await doctor(engine);

  expect(report.findings[0]).toMatchObject({ id: 'reachable', status: 'ok' });
  expect(report.findings.find(({ id }) => id === 'memory-limit')?.status).toBe('ok');
  expect(report.findings.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['disk-quota', 'seccomp', 'cgroup', 'user-namespaces', 'runc', 'network-isolation']),
  );
  expect(formatDoctorReport(report)).toContain('A Docker Engine answers');
});

it('says so where no engine answers, with the ways out', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nowhere/docker.sock' });

  const report = await doctor(engine);

  expect(report).toMatchObject({ status: 'problem', findings: [{ id: 'reachable', status: 'problem' }] });
  expect(formatDoctorReport(report)).toContain('DOCKER_HOST');
});
