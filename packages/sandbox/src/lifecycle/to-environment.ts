/** What programs are looked up on where the image doesn't say. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image's variables, and on top what is added. */
export function toEnvironment(
  image: readonly string[],
  added: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const pairs = image.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(pairs), ...added };
}

/**
 * How many threads libraries are to start: they count the host's cores, and a pool for each would use up
 * the sandbox's processes. A variable that the image or the caller sets wins.
 */
export function toThreadHints(cpuCores: number): Readonly<Record<string, string>> {
  const count = String(Math.ceil(cpuCores));
  return Object.fromEntries(THREAD_VARIABLES.map((name) => [name, count]));
}

/** Of OpenMP, OpenBLAS, MKL, NumExpr, Go and Rayon, from their documentation. */
const THREAD_VARIABLES = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'GOMAXPROCS',
  'RAYON_NUM_THREADS',
];
