/** Labels to filter by: a text is compared, `true` asks only for the key. */
export type LabelsFilter = Readonly<Record<string, string | true>>;

/** The `filters` query parameter for labels, or nothing if none is asked for. */
export function toLabelFilters(labels: LabelsFilter | undefined): { readonly label: readonly string[] } | undefined {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return undefined;
  return { label: entries.map(([key, value]) => (value === true ? key : `${key}=${value}`)) };
}
