/** Directory of sandboxes that belongs to Paracle; it shows in no diff and no snapshot. */
export const OWN_DIRECTORY = '/.paracle';
/** Where the supervisor's program is mounted, read-only. */
export const BINARY_DIRECTORY = '/.paracle/bin';
/** The supervisor's program. */
export const SUPERVISOR_PATH = '/.paracle/bin/supervisor';
/** Where the sandbox's store is mounted; only root can look into it. */
export const STORE_DIRECTORY = '/.paracle/store';
/** Files in here keep a sandbox from being swept once its controller is dead. */
export const HOLDS_DIRECTORY = '/.paracle/store/holds';
