/** Puts ids into a path: `` apiPath`/containers/${id}/start` `` escapes each. Image names keep their slashes. */
export function apiPath(parts: TemplateStringsArray, ...ids: readonly string[]): string {
  return parts.reduce((path, part, index) => `${path}${encodeId(ids[index - 1] ?? '')}${part}`);
}

/** Empty and dot segments would change which path is called, so they are refused. */
function encodeId(id: string): string {
  const segments = id.split('/');
  if (id === '' || segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new TypeError(`Expected an id or name, got ${JSON.stringify(id)}`);
  }
  return segments.map(encodeURIComponent).join('/');
}
