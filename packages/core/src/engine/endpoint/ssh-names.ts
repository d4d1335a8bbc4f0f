/** What ssh is told to go to must be a name and nothing else: no option, nothing that a shell or ssh would expand. */
const HOST = /^(?:\w[\w.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?)$/u;

/** As ssh itself refuses them since 9.6, and `%`, which it would expand. */
const USERNAME = /^(?!-)[^\s\p{C}'"`;&<>|(){}$%]*[^\s\p{C}'"`;&<>|(){}$%\\]$/u;

/** Nothing that needs quoting in ssh's forwarding syntax, which has colons, escapes and variables. */
const SOCKET_PATH = /^(?:\/[\w.@+=,~-]+)+$/u;

/** Whether ssh can be given this as a host. */
export function isSshHost(text: string): boolean {
  return HOST.test(text);
}

/** Whether ssh can be given this as a user's name. */
export function isSshUsername(text: string): boolean {
  return USERNAME.test(text);
}

/** Whether ssh can be given this as the path of a remote socket. */
export function isSshSocketPath(text: string): boolean {
  return SOCKET_PATH.test(text);
}
