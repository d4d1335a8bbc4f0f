import { expect, it } from '@jest/globals';
import { Engine, silentLogger } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { parseNetworkPolicy } from '../../src/config/network-policy.js';
import { GuardPost } from '../../src/guard/guard-post.js';
import { NetworkIsolator } from '../../src/index.js';
import { Attachment, type AttachmentContext } from '../../src/isolator/attachment.js';
import { hashPolicy } from '../../src/isolator/enforcement-proof.js';
import type { NetworkState } from '../../src/isolator/network-state.js';
import { Gate } from './support/gate.js';
import { TestContainer } from './support/test-container.js';

/** A post whose next rules are held up on their way, and that tells what came first. */
class SlowPost extends GuardPost implements AsyncDisposable {
  readonly done: string[] = [];
  gate: Gate | undefined;

  override async load(table: string): Promise<void> {
    await this.gate?.pass();
    await super.load(table);
    this.done.push('loaded');
  }

  override async unload(): Promise<void> {
    this.done.push('unloaded');
    await super.unload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What an isolator gives its attachments, without the isolator. */
function contextOf(engine: Engine, network: NetworkState, post: GuardPost): AttachmentContext {
  return {
    engine,
    network,
    post,
    takenAddresses: () => [],
    listHostAddresses: async () => [],
    inOrder: async (_networkId, work) => work(),
    onDenied: () => undefined,
    onLost: async (_attachment, withdraw) => withdraw(),
    onReleased: () => undefined,
  };
}

it('takes the rules away after those that were on their way, so that they can’t come after the next ones', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using post = new SlowPost(engine, container.id, silentLogger);
  const network = { ...(await isolator.createNetwork()), generation: 1 };
  const attachment = await Attachment.make(container.id, contextOf(engine, network, post), {});
  const gate = new Gate();
  post.gate = gate;
  const reloaded = attachment.reload().catch((error: unknown) => error);
  await gate.reached;
  post.done.length = 0;

  const left = attachment.leave();
  await waitUntil('it has no network', async () => (await container.networks()).length === 0);
  // More than leaving asks the engine.
  for (let call = 0; call < 5; call++) await container.networks();
  gate.open();

  await left;
  expect(post.done).toEqual(['loaded', 'unloaded']);
  expect(await reloaded).toMatchObject({ code: 'PARACLE_ISOLATION_NOT_ATTACHED' });
});

it('loads a policy under its own number, with the host’s addresses that it was listed for', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using post = new SlowPost(engine, container.id, silentLogger);
  const network: NetworkState = { ...(await isolator.createNetwork()), generation: 1 };
  const { policy } = network;
  const listed: unknown[] = [];
  const attachment = await Attachment.make(
    container.id,
    {
      ...contextOf(engine, network, post),
      listHostAddresses: async (asked) => {
        listed.push(asked);
        // Another policy comes just now.
        network.policy = parseNetworkPolicy({ allowIntraNetwork: true });
        network.generation = 2;
        return [];
      },
    },
    {},
  );

  expect(listed).toEqual([policy]);
  expect(attachment.proof).toMatchObject({ generation: 1, policyHash: hashPolicy(policy) });

  await attachment.catchUp();
  expect(attachment.proof).toMatchObject({ generation: 2, policyHash: hashPolicy(network.policy) });
  await attachment.leave();
});

it('counts ranges as open from the moment on that the policy opens them', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using post = new SlowPost(engine, container.id, silentLogger);
  const network: NetworkState = { ...(await isolator.createNetwork()), generation: 1 };
  const attachment = await Attachment.make(container.id, contextOf(engine, network, post), {});
  expect(attachment.hasRanges).toBe(false);

  network.policy = parseNetworkPolicy({ allowedIps: ['198.18.0.0/15'] });
  expect(attachment.hasRanges).toBe(true);

  await attachment.leave();
});
