import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { bindArtifact, readArtifact } from '../../../src/content/bind-artifact.js';
import { missingForClaim } from '../../../src/content/missing-for-claim.js';

const digest = `sha256:${'a'.repeat(64)}`;

it('binds type and content by SHA-256 over their canonical form', () => {
  const text = '{"content":{"path":"/etc/hosts"},"type":"file_change"}';
  const expected = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const bound = bindArtifact('file_change', { path: '/etc/hosts' });
  expect(bound.digest).toBe(expected);
  expect(Buffer.from(bound.bytes).toString()).toBe(text);
  expect(bindArtifact('other', { path: '/etc/hosts' }).digest).not.toBe(expected);
});

it('keeps a private frozen copy', () => {
  const content = { path: 'a', list: [{ x: 1 }] };
  const { artifact } = bindArtifact('note', content);
  content.list.push({ x: 2 });
  expect(artifact.content).toEqual({ path: 'a', list: [{ x: 1 }] });
  expect(Object.isFrozen(artifact.content)).toBe(true);
  expect(Object.isFrozen(content)).toBe(false);
});

it('reads nothing back from bytes that are not what the digest stands for', () => {
  const bound = bindArtifact('note', 1);
  expect(readArtifact(bound.bytes, bound.digest)).toEqual({ type: 'note', content: 1 });
  expect(readArtifact(bound.bytes, bindArtifact('note', 2).digest)).toBeUndefined();
});

it.each([
  ['file_change', {}],
  ['file_change', { path: '' }],
  ['file_change', { path: 'a', change: 'touched' }],
  ['file_change', { path: 'a', mode: 0o10000 }],
  ['file_change', { path: 'a', before: 'sha256:x' }],
  ['file_change', 'a'],
  ['command_execution', {}],
  ['command_execution', { command: '' }],
  ['command_execution', { command: [] }],
  ['command_execution', { command: [1] }],
])('refuses the %s content %j', (type, content) => {
  expect(() => bindArtifact(type, content)).toThrow(expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }));
});

it('refuses more than 8 MiB', () => {
  expect(() => bindArtifact('note', 'x'.repeat(9 * 1024 * 1024))).toThrow(
    expect.objectContaining({ code: 'PARACLE_REVIEW_CONTENT_INVALID' }),
  );
});

it.each([
  [{ path: 'a' }, ['change']],
  [{ path: 'a', change: 'added' }, ['after', 'mode']],
  [{ path: 'a', change: 'modified', mode: 0o644 }, ['before', 'after']],
  [{ path: 'a', change: 'deleted' }, ['before']],
  [{ path: 'a', change: 'deleted', before: digest }, []],
  [{ path: 'a', change: 'modified', mode: 0o644, before: digest, after: digest }, []],
  [{ path: 'a', change: 'added', kind: 'symlink' }, ['target']],
  [{ path: 'a', change: 'added', kind: 'directory' }, ['mode']],
  [{ path: 'a', change: 'deleted', kind: 'directory' }, []],
])('knows what %j lacks for a claim', (content, missing) => {
  expect(missingForClaim({ type: 'file_change', content })).toEqual(missing);
});

it('asks no more of a command than its command', () => {
  expect(missingForClaim({ type: 'command_execution', content: { command: 'ls' } })).toEqual([]);
});
