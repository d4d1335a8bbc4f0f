import { z } from 'zod';
import { formatCidr } from '../addresses/address-range.js';
import { parseRange, toRange } from '../addresses/parse-range.js';

/** Checks an address or a CIDR, and spells it in its usual form. */
export const rangeSchema: z.ZodType<string> = z.string().transform((text, context) => {
  const range = parseRange(text);
  if (!('problem' in range)) return formatCidr(range);
  context.addIssue({ code: 'custom', message: range.problem });
  return z.NEVER;
});

/** Checks one address. */
export const addressSchema: z.ZodType<string> = rangeSchema.refine(
  (text) => !text.includes('/'),
  'one address, not a range',
);

/** Whether a checked text is a subnet that a bridge can have: IPv4, with room for a gateway and a container. */
export function isBridgeSubnet(text: string): boolean {
  const { family, first, last } = toRange(text);
  return family === 4 && last - first >= 3n && last - first < 1n << 24n;
}
