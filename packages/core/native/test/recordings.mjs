/**
 * Control groups as kernels show them inside a sandbox: version 2 as Linux 6.1 wrote it, version 1 as 6.18 did, with
 * some numbers made telling. Where it says "before", what older kernels leave out is left out.
 */

/** The lines of a file, from a list of them. */
const lines = (text) => text.trim().replace(/,\s+/g, '\n').concat('\n');

const MEMORY_STAT_1 = lines(`
  cache 4096, rss 221184, rss_huge 0, shmem 0, mapped_file 4096, dirty 0, writeback 0, workingset_refault_anon 0,
  workingset_refault_file 5, swap 0, swapcached 0, pgpgin 18440, pgpgout 18385, pgfault 20552, pgmajfault 1,
  inactive_anon 212992, active_anon 4096, inactive_file 8192, active_file 4096, unevictable 0,
  hierarchical_memory_limit 67108864, hierarchical_memsw_limit 67108864, total_cache 4096, total_rss 221184,
  total_rss_huge 0, total_shmem 0, total_mapped_file 4096, total_dirty 0, total_writeback 0,
  total_workingset_refault_anon 0, total_workingset_refault_file 5, total_swap 0, total_swapcached 0,
  total_pgpgin 18440, total_pgpgout 18385, total_pgfault 20552, total_pgmajfault 1, total_inactive_anon 212992,
  total_active_anon 4096, total_inactive_file 40960, total_active_file 4096, total_unevictable 0
`);

const MEMORY_STAT_2 = lines(`
  anon 143360, file 16384, kernel 266240, kernel_stack 32768, pagetables 65536, sec_pagetables 0, percpu 0,
  sock 0, vmalloc 0, shmem 0, file_mapped 0, file_dirty 0, file_writeback 0, swapcached 0, anon_thp 0,
  file_thp 0, shmem_thp 0, inactive_anon 143361, active_anon 0, inactive_file 12288, active_file 0,
  unevictable 0, slab_reclaimable 24152, slab_unreclaimable 116480, slab 140632, workingset_refault_anon 0,
  workingset_refault_file 0, workingset_activate_anon 0, workingset_activate_file 0, workingset_restore_anon 0,
  workingset_restore_file 0, workingset_nodereclaim 0, pgscan 0, pgsteal 0, pgscan_kswapd 0, pgscan_direct 0,
  pgsteal_kswapd 0, pgsteal_direct 0, pgfault 19877, pgmajfault 0, pgrefill 0, pgactivate 1, pgdeactivate 0,
  pglazyfree 0, pglazyfreed 0, thp_fault_alloc 0, thp_collapse_alloc 8
`);

const NO_NETWORK = networkDevices({ lo: [0, 0] });

const version1 = {
  'memory/memory.usage_in_bytes': '917504\n',
  'memory/memory.max_usage_in_bytes': '67108864\n',
  'memory/memory.limit_in_bytes': '67108865\n',
  'memory/memory.oom_control': lines('oom_kill_disable 0, under_oom 0, oom_kill 1'),
  'memory/memory.stat': MEMORY_STAT_1,
  'pids/pids.current': '2\n',
  'pids/pids.max': '20\n',
  'pids/pids.events': 'max 3\n',
  'cpuacct/cpuacct.usage': '206624841\n',
  // Source: blkg_rwstat's names in block/blk-cgroup-rwstat.c of the kernel.
  'blkio/blkio.throttle.io_service_bytes': lines(`
    254:0 Read 10485760, 254:0 Write 5242880, 254:0 Sync 15728640, 254:0 Async 0, 254:0 Discard 4096,
    254:0 Total 15732736, 254:16 Read 512, 254:16 Write 0, 254:16 Sync 512, 254:16 Async 0, 254:16 Discard 0,
    254:16 Total 512, Total 15733248`),
};

const version2 = {
  'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
  'memory.current': '651264\n',
  'memory.peak': '67108864\n',
  'memory.max': '67108865\n',
  'memory.events': lines('low 5, high 6, max 72, oom 4, oom_kill 1, oom_group_kill 2'),
  'memory.stat': MEMORY_STAT_2,
  'pids.current': '3\n',
  'pids.max': '20\n',
  'pids.events': 'max 7\n',
  'cpu.stat': lines('usage_usec 22741426, user_usec 4959640, system_usec 17781786, nr_periods 0, nr_throttled 0'),
  'io.stat': lines(`
    254:0 rbytes=10485760 wbytes=5242880 rios=20 wios=5 dbytes=4096 dios=1,
    254:16 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`),
};

/** What both of these say. */
const ALIKE = { memoryPeak: 67_108_864n, memoryLimit: 67_108_865n, oomKills: 1n, pidsLimit: 20n };
const MOVED = { blockRead: 10_486_272n, blockWritten: 5_242_880n };
const NO_TRAFFIC = { networkReceived: 0n, networkSent: 0n };
const told2 = {
  ...{ version: 2, memory: 651_264n, pids: 3n, pidsRefused: 7n, cpuUs: 22_741_426n, inactiveCache: 12_288n },
  ...{ ...ALIKE, ...MOVED, ...NO_TRAFFIC },
};

/** A device with more than a controller's numbers can say; the kernel names those that did nothing on its line. */
const BIG_DEVICE = '7:1 7:0 259:0 rbytes=9007199254740993 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n';
const devices = (count) =>
  Array.from({ length: count }, (_, index) => {
    return `254:${16 * index} rbytes=1000 wbytes=2000 rios=123456789 wios=123456789 dbytes=0 dios=0\n`;
  }).join('');

const HOST_GROUP = 'system.slice/docker-5e1f.scope';

/** What is shown, and what the supervisor must tell of it; what it must not tell is missing. */
export const RECORDINGS = [
  {
    title: 'version 1',
    files: version1,
    cgroup: '4:memory:/docker/5e1f\n0::/docker/5e1f\n',
    networkDevices: networkDevices({ lo: [99, 98], eth0: [1000, 200], velo: [30, 4] }),
    expected: {
      ...{ version: 1, memory: 917_504n, pids: 2n, pidsRefused: 3n, cpuUs: 206_624n, inactiveCache: 40_960n },
      ...{ ...ALIKE, ...MOVED, networkReceived: 1030n, networkSent: 204n },
    },
  },
  {
    title: 'version 1 without limits, before 4.13',
    files: {
      ...version1,
      'memory/memory.limit_in_bytes': '9223372036854771712\n',
      'memory/memory.oom_control': lines('oom_kill_disable 0, under_oom 0'),
      'pids/pids.max': 'max\n',
      'blkio/blkio.throttle.io_service_bytes': 'Total 0\n',
    },
    cgroup: '4:memory:/docker/5e1f\n',
    networkDevices: NO_NETWORK,
    expected: {
      ...{ version: 1, memory: 917_504n, memoryPeak: 67_108_864n, memoryLimit: 9_223_372_036_854_771_712n },
      ...{ pids: 2n, pidsRefused: 3n, cpuUs: 206_624n, inactiveCache: 40_960n, ...NO_TRAFFIC },
    },
  },
  { title: 'version 2', files: version2, cgroup: '0::/\n', networkDevices: NO_NETWORK, expected: told2 },
  {
    title: 'version 2 without limits, before 5.19',
    files: {
      ...without(version2, 'memory.peak'),
      ...{ 'memory.max': 'max\n', 'pids.max': 'max\n', 'io.stat': '' },
      'memory.events': lines('low 0, high 0, max 0, oom 0, oom_kill 0'),
    },
    cgroup: '0::/\n',
    networkDevices: NO_NETWORK,
    expected: {
      ...without(told2, 'memoryPeak', 'memoryLimit', 'pidsLimit', 'blockRead', 'blockWritten'),
      oomKills: 0n,
    },
  },
  {
    title: 'version 2 without a namespace of its own',
    files: {
      ...{ 'cgroup.controllers': version2['cgroup.controllers'], 'memory.stat': lines('anon 405504, inactive_file 1') },
      ...{ 'cpu.stat': 'usage_usec 39128000\n', 'io.stat': devices(3) },
      ...below(HOST_GROUP, version2),
    },
    cgroup: `0::/${HOST_GROUP}\n`,
    networkDevices: NO_NETWORK,
    expected: told2,
  },
  {
    title: 'version 2, a group that is not shown',
    files: version2,
    cgroup: `0::/${HOST_GROUP}\n`,
    networkDevices: NO_NETWORK,
    expected: { version: 2, ...NO_TRAFFIC },
  },
  {
    title: 'version 2 without controllers for memory and devices',
    files: only(version2, 'cgroup.controllers', 'cpu.stat', 'pids.current', 'pids.max', 'pids.events'),
    cgroup: '0::/\n',
    networkDevices: NO_NETWORK,
    expected: { version: 2, pids: 3n, pidsLimit: 20n, pidsRefused: 7n, cpuUs: 22_741_426n, ...NO_TRAFFIC },
  },
  {
    title: 'version 2, long files and big numbers',
    files: {
      ...version2,
      'memory.current': '18446744073709551614\n',
      'memory.stat': lines('file_mapped 1, '.repeat(4000) + MEMORY_STAT_2),
      'io.stat': devices(600) + BIG_DEVICE,
    },
    cgroup: '0::/\n',
    networkDevices: networkDevices(Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`veth${n}`, [10, 1]]))),
    expected: {
      ...{ ...told2, memory: 18_446_744_073_709_551_614n, blockRead: 9_007_199_255_340_993n, blockWritten: 1_200_001n },
      ...{ networkReceived: 4000n, networkSent: 400n },
    },
  },
  {
    title: 'version 2, files that are too long',
    files: { ...version2, 'io.stat': devices(1200) },
    cgroup: '0::/\n',
    networkDevices: networkDevices(Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`veth${n}`, [10, 1]]))),
    expected: without(told2, 'blockRead', 'blockWritten', 'networkReceived', 'networkSent'),
  },
];

function networkDevices(interfaces) {
  const rows = Object.entries(interfaces).map(([name, [received, sent]]) => {
    const numbers = [received, 7, 0, 0, 0, 0, 0, 0, sent, 7, 0, 0, 0, 0, 0, 0];
    return `${name.padStart(6)}: ${numbers.map((number) => String(number).padStart(7)).join(' ')}\n`;
  });
  const heads = [
    'Inter-|   Receive                            |  Transmit',
    ' face |bytes    packets |bytes    packets',
  ];
  return [...heads.map((head) => `${head}\n`), ...rows].join('');
}

function only(values, ...names) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

function without(values, ...names) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

function below(folder, files) {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}
