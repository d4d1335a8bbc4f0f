import { z } from 'zod';

/** The content of a `command_execution`. Further fields (user, image, environment digests) are bound by the digest as given. */
export interface CommandContent {
  /** An argument vector, or a script for a POSIX shell. */
  readonly command: string | readonly string[];
  /** Where it runs. Relative words are taken to start here. */
  readonly workingDirectory?: string | undefined;
}

/** Loose on purpose: plain content is bound as given. */
export const commandSchema: z.ZodType<CommandContent> = z.looseObject({
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  workingDirectory: z.string().min(1).optional(),
});
