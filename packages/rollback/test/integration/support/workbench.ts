import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { RollbackManager, type RollbackPolicy } from '../../../src/index.js';

/** A sandbox to try protection in, and what its workspace was like before. */
export class Workbench implements AsyncDisposable {
  readonly sandboxes: SandboxManager;
  readonly sandbox: Sandbox;
  /** The state after {@link reset}. */
  before = '';

  private constructor(sandboxes: SandboxManager, sandbox: Sandbox) {
    this.sandboxes = sandboxes;
    this.sandbox = sandbox;
  }

  static async open(): Promise<Workbench> {
    const sandboxes = new SandboxManager();
    return new Workbench(sandboxes, await sandboxes.create());
  }

  managerOf(policy: RollbackPolicy = {}): RollbackManager {
    return new RollbackManager({ engine: this.sandboxes.engine, config: { policy } });
  }

  /** Back to a workspace with one directory and one file, without snapshots. */
  async reset(): Promise<void> {
    const rollback = this.managerOf();
    await this.run('rm -rf /workspace/* && mkdir dir && echo old > dir/old && chmod 640 dir/old');
    for (const { id } of await rollback.listSnapshots(this.sandbox)) await rollback.deleteSnapshot(id, this.sandbox);
    this.before = await this.state();
  }

  async run(script: string): Promise<void> {
    await this.sandbox.execute(['sh', '-c', script], { check: true });
  }

  /** Does what a rollback has to undo. */
  async spoil(): Promise<void> {
    await this.run('echo new > new; rm -rf dir');
  }

  /** Names, types, modes, times, targets and contents of the workspace. */
  async state(): Promise<string> {
    const script = 'find . -printf "%p %y %m %T@ %l\\n" | sort; find . -type f -exec sha256sum {} + | sort';
    return (await this.sandbox.execute(['sh', '-c', script], { check: true })).stdout;
  }

  async list(): Promise<string> {
    return (await this.sandbox.execute(['ls'], { check: true })).stdout.trim().split('\n').join(' ');
  }

  /** Of the snapshots that there are, the oldest first. */
  async kinds(): Promise<string[]> {
    return (await this.managerOf().listSnapshots(this.sandbox)).map(({ kind }) => kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandboxes.close();
  }
}

/** What a promise rejects with; one that resolves fails the test. */
export async function caughtFrom(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('Expected a rejection');
    },
    (error: unknown) => error,
  );
}
