/** Where something waits until a test lets it go on. */
export class Gate {
  /** Resolves once somebody waits. */
  readonly reached: Promise<void>;
  /** Lets everybody pass, from now on. */
  readonly open: () => void;
  readonly #isOpen: Promise<void>;
  readonly #reach: () => void;

  constructor() {
    let open: () => void = () => undefined;
    let reach: () => void = () => undefined;
    this.#isOpen = new Promise((resolve) => {
      open = resolve;
    });
    this.reached = new Promise((resolve) => {
      reach = resolve;
    });
    this.open = open;
    this.#reach = reach;
  }

  async pass(): Promise<void> {
    this.#reach();
    await this.#isOpen;
  }
}
