import type { CallWatcher, PassingCall } from './altering-engine.js';

export const CREATE_NETWORK = /^POST \/networks\/create$/u;
export const CREATE_CONTAINER = /^POST \/containers\/create$/u;
export const LEAVE_NONE = /^POST \/networks\/none\/disconnect$/u;
export const CONNECT = /^POST \/networks\/[^/]+\/connect$/u;
export const DISCONNECT = /^POST \/networks\/[^/]+\/disconnect$/u;
export const LIST_NETWORKS = /^GET \/networks$/u;
export const INSPECT = /^GET \/containers\/[^/]+\/json$/u;

/** What the engine is made to do, from when a test says so. */
export class Meddler {
  act: CallWatcher = () => undefined;
  readonly watch: CallWatcher = async (call) => this.act(call);

  /** Does something once, when a call like that comes by. */
  once(pattern: RegExp, act: (call: PassingCall) => unknown): void {
    this.act = async (call) => {
      if (!pattern.test(call.name)) return;
      this.act = () => undefined;
      await act(call);
    };
  }

  /** Has the engine refuse to take anybody off a network: it is asked for somebody whom it does not know. */
  refuseToDisconnect(): void {
    this.act = ({ name, body }) => {
      if (DISCONNECT.test(name)) body['Container'] = 'paracle-nobody';
    };
  }

  /** Lets everything pass. */
  rest(): void {
    this.act = () => undefined;
  }
}
