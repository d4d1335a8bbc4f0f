import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Engine, type NetworkAttachment, type NetworkDenial, type NetworkEnforcer } from '@paracle/core';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const denial: NetworkDenial = { address: '192.0.2.1', protocol: 'tcp', port: 80, count: 1, reason: 'internet' };

/** Really connects containers, and says of the rules what a test wants said: no rules are this package's matter. */
class TestEnforcer implements NetworkEnforcer {
  readonly attached: string[] = [];
  readonly released: string[] = [];
  readonly #engine: Engine;
  readonly #answers: Partial<NetworkAttachment>;

  constructor(engine: Engine, answers: Partial<NetworkAttachment> = {}) {
    this.#engine = engine;
    this.#answers = answers;
  }

  enforces(): boolean {
    return true;
  }

  async attach(containerId: string, networkId: string): Promise<NetworkAttachment> {
    await this.#engine.networks.disconnect('none', containerId);
    await this.#engine.networks.connect(networkId, containerId);
    this.attached.push(containerId);
    const attachment: NetworkAttachment = {
      networkId,
      takeDenials: () => Promise.resolve({ denials: [denial], isTruncated: false }),
      check: () => Promise.resolve(),
      release: () => {
        this.released.push(containerId);
        unregister();
      },
      ...this.#answers,
    };
    const unregister = this.#engine.networkAttachments.register(containerId, attachment);
    return attachment;
  }
}

async function withNetwork(work: (manager: SandboxManager, networkId: string) => Promise<void>): Promise<void> {
  await using engine = new Engine();
  await using manager = new SandboxManager({ engine });
  const { id } = await engine.networks.create({ Name: `paracle-test-${randomUUID()}`, Internal: true });
  try {
    await work(manager, id);
  } finally {
    await manager.close();
    await engine.networks.remove(id);
  }
}

describe('a sandbox with a network', () => {
  it('is on it once its policy is enforced, and is let go when it is destroyed', async () => {
    await withNetwork(async (manager, networkMode) => {
      const enforcer = new TestEnforcer(manager.engine);
      manager.engine.networkAttachments.enforceBy(enforcer);
      const sandbox = await manager.create({ networkMode });
      const { id } = sandbox.container;

      expect(enforcer.attached).toEqual([id]);
      expect(sandbox.guarantees.network).toEqual({ enforcement: 'hard', mode: 'policy', networkId: networkMode });
      await expect(sandbox.execute(['ls', '/sys/class/net'])).resolves.toMatchObject({
        stdout: 'eth0\nlo\n',
        networkDenials: [denial],
        hasLostDenials: false,
      });
      await sandbox.destroy();
      expect(enforcer.released).toEqual([id]);
    });
  });

  it('is not made where nothing enforces its policy', async () => {
    await withNetwork(async (manager, networkMode) => {
      manager.engine.networkAttachments.enforceBy(new TestEnforcer(manager.engine))();
      await expect(manager.create({ networkMode })).rejects.toMatchObject({
        code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
        details: { option: 'networkMode' },
      });
      expect(await listLeftBehind(manager.engine)).toEqual([]);
    });
  });

  it('is not handed out where the policy is not in force', async () => {
    await withNetwork(async (manager, networkMode) => {
      const check = (): Promise<void> => Promise.reject(new Error('no rules there'));
      manager.engine.networkAttachments.enforceBy(new TestEnforcer(manager.engine, { check }));
      await expect(manager.create({ networkMode })).rejects.toThrow('no rules there');
      expect(await listLeftBehind(manager.engine)).toEqual([]);
    });
  });

  it('says so where denials could not be read, and nothing where there is no network', async () => {
    await withNetwork(async (manager, networkMode) => {
      const takeDenials = (): Promise<never> => Promise.reject(new Error('no journal there'));
      manager.engine.networkAttachments.enforceBy(new TestEnforcer(manager.engine, { takeDenials }));
      const [joined, alone] = await Promise.all([manager.create({ networkMode }), manager.create()]);
      await expect(joined.execute(['true'])).resolves.toMatchObject({ networkDenials: [], hasLostDenials: true });
      const { networkDenials, hasLostDenials } = await alone.execute(['true']);
      expect({ networkDenials, hasLostDenials }).toEqual({ networkDenials: undefined, hasLostDenials: false });
    });
  });
});
