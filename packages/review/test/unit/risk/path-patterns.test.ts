import { expect, it } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import { createPathPatternAnalyzer } from '../../../src/risk/path/path-pattern-analyzer.js';
import { levelOf } from '../support/level-of.js';

const analyzer = createPathPatternAnalyzer([
  '*.env',
  '.env.*',
  '*.key',
  '/etc/*',
  'secrets/',
  'a/b/*.txt',
  'deep/**/x',
]);

it.each([
  '.env',
  'prod.env',
  'a/b/.env',
  '.ENV',
  'Prod.Env',
  './.env',
  'a/../.env',
  'a\\b\\.env',
  '.env/child',
  '.env/',
  '.e\u200bnv',
  '.env.local',
  '/etc/hosts',
  '/etc/ssh/sshd_config',
  '/etc',
  '/ETC/hosts',
  '//etc//hosts',
  '/x/../etc/hosts',
  '/../etc/hosts',
  '../../etc/passwd',
  'etc/hosts',
  'C:\\etc\\hosts',
  '/etc/x\\..\\..\\..\\tmp',
  'secrets/x',
  'a/secrets/x/y',
  'secrets',
  'a/b/c.txt',
  'z/a/b/c.txt',
  'deep/1/2/x',
  'z/deep/x/below',
  '../x.ts',
  'a/../../x.ts',
  'a\0b',
  'x'.repeat(5_000),
  'a/'.repeat(300),
])('takes as high: %j', async (path) => {
  expect(await levelOf(analyzer, 'file_change', { path })).toBe('high');
});

it.each([
  'README.md',
  'src/environment.ts',
  '.environment',
  'env',
  'prod.envoy',
  'src/etc/hosts',
  '/usr/etc.txt',
  '/var/etc/x',
  'key.ts',
  'a/b/c/d.txt',
  'a/c/d.txt',
  'secrets.md',
  'a..b/c',
  '...',
  'a/../b.ts',
])('takes as low: %j', async (path) => {
  expect(await levelOf(analyzer, 'file_change', { path })).toBe('low');
});

it('takes `*.env` at its word: `.env.local` needs `.env.*`, which is among the defaults', async () => {
  const literal = createPathPatternAnalyzer(['*.env']);
  expect(await levelOf(literal, 'file_change', { path: '.env.local' })).toBe('low');
});

it('judges a symlink by its target and a rename by its origin', async () => {
  expect(await levelOf(analyzer, 'file_change', { path: 'a', target: '/etc/passwd' })).toBe('high');
  expect(await levelOf(analyzer, 'file_change', { path: 'a/link', target: '../../x' })).toBe('high');
  expect(await levelOf(analyzer, 'file_change', { path: 'a/link', target: '../x' })).toBe('low');
  expect(await levelOf(analyzer, 'file_change', { path: 'a', from: '.env' })).toBe('high');
});

it('understands alternatives in braces', async () => {
  const braces = createPathPatternAnalyzer(['*.{pem,p12}']);
  expect(await levelOf(braces, 'file_change', { path: 'a/x.p12' })).toBe('high');
  expect(await levelOf(braces, 'file_change', { path: 'a/x.p13' })).toBe('low');
});

it('finds a risky name wherever it stands and however the path is written', async () => {
  const random = createRandom(7);
  const pick = (choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? '';
  for (let round = 0; round < 500; round += 1) {
    const parts = Array.from({ length: Math.floor(random() * 5) }, () =>
      pick(['a', 'src', '.', 'x y', 'ü', 'a/..', '', '*', '[a']),
    );
    const name = pick(['.env', 'a.env', 'é.env', '*.env', '.ENV', 'x.Env']);
    const path = [...parts, name, ...(random() < 0.3 ? ['below'] : [])].join(pick(['/', '//', '/./', '\\']));
    expect({ path, level: await levelOf(analyzer, 'file_change', { path }) }).toEqual({ path, level: 'high' });
  }
});

it('never throws and never takes long, whatever the path and the pattern', async () => {
  const random = createRandom(11);
  const alphabet = [
    '*',
    '?',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '!',
    '+',
    '@',
    '/',
    '\\',
    '.',
    '..',
    'a',
    '\u0000',
    '\ud83d',
    '~',
    ':',
    '|',
    '^',
    '-',
    '$',
  ];
  const text = (length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)] ?? '').join('');
  for (let round = 0; round < 500; round += 1) {
    const pattern = text(1 + Math.floor(random() * 12));
    const level = await levelOf(createPathPatternAnalyzer([pattern]), 'file_change', {
      path: text(1 + Math.floor(random() * 30)),
    });
    expect(['low', 'high']).toContain(level);
  }
});
