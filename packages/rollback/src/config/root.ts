import { z } from 'zod';

/** An absolute path that others are relative to. */
export const rootSchema: z.ZodType<string> = z.string().regex(/^\//u, 'is absolute');

/** What the paths of a manifest (latin1) begin with that lie below a root. */
export function toPrefix(root: string): string {
  return Buffer.from(`${root.replace(/\/+$/u, '')}/`).toString('latin1');
}
