/** What `containers.create` takes. */
export interface CreateContainerOptions {
  /** The container's name; the engine makes one up if absent. */
  readonly name?: string;
  /** The body of the engine's create call, in the engine's own words and units. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Platform, such as `linux/arm64`, where the image has several. */
  readonly platform?: string;
}

/** A container that was created, and what the engine complained about meanwhile. */
export interface CreatedContainer {
  readonly id: string;
  /** Limits that the engine dropped or changed: not to be ignored. */
  readonly warnings: readonly string[];
}
