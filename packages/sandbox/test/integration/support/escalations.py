"""Ways to more rights than the untrusted user has, tried for real. Prints {act: outcome}, outcome "ok" or the errno's name."""
import ctypes, errno, json, os, resource, socket, subprocess, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
X86 = os.uname().machine == 'x86_64'
NR = dict(mount=165, umount2=166, pivot_root=155, chroot=161, unshare=272, swapon=167, reboot=169, init_module=175,
          kexec_load=246, bpf=321, perf_event_open=298, add_key=248, keyctl=250, request_key=249, acct=163, quotactl=179,
          settimeofday=164, clock_settime=227, sethostname=170, setuid=105, setgid=106, setgroups=116, setresuid=117,
          setfsuid=122, capset=126, mknod=133, userfaultfd=323, iopl=172, ioperm=173, open_by_handle_at=304, vhangup=153,
          syslog=103, nice=34, ptrace=101, fanotify_init=300, lookup_dcookie=212, personality=135, modify_ldt=154,
          name_to_handle_at=303, clone3=435, io_uring_setup=425) if X86 else \
     dict(mount=40, umount2=39, pivot_root=41, chroot=51, unshare=97, swapon=224, reboot=142, init_module=105,
          kexec_load=104, bpf=280, perf_event_open=241, add_key=217, keyctl=219, request_key=218, acct=89, quotactl=60,
          settimeofday=170, clock_settime=112, sethostname=161, setuid=146, setgid=144, setgroups=159, setresuid=147,
          setfsuid=151, capset=91, mknod=33, userfaultfd=282, open_by_handle_at=265, vhangup=58, syslog=116,
          ptrace=117, fanotify_init=262, personality=92, name_to_handle_at=264, clone3=435, io_uring_setup=425)
NR.update(fsopen=430, fsmount=432, move_mount=429, open_tree=428, mount_setattr=442, pidfd_open=434)
NEWNS, NEWUSER, NEWPID, NEWNET, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x10000000, 0x20000000, 0x40000000, 0x2000000, 0x4000000, 0x8000000


def call(name, *arguments):
    if name not in NR:
        raise OSError(errno.ENOSYS, name)
    result = libc.syscall(ctypes.c_long(NR[name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def prctl(*arguments):
    if libc.prctl(*[ctypes.c_ulong(a) for a in arguments]) < 0:
        raise OSError(ctypes.get_errno(), 'prctl')


def write(path, text='1', flags=os.O_WRONLY):
    fd = os.open(path, flags)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def open_socket(*arguments):
    socket.socket(*arguments).close()


def stays(act):
    """An act that answers with success but must change nothing: it counts where it made us root."""
    def tried():
        act()
        if 0 not in os.getresuid() + os.getresgid() and 0 not in os.getgroups():
            raise OSError(errno.EPERM, 'nothing changed')
    return tried


def capabilities():
    header = ctypes.create_string_buffer(b'\x22\x05\x08\x20' + bytes(4), 8)
    call('capset', header, ctypes.create_string_buffer(b'\xff' * 24, 24))


def run(*command):
    """Ends well only where the program saw itself as root."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if b'uid=0(' not in done.stdout + done.stderr:
        raise OSError(errno.EPERM, 'not root')


def dump_core():
    pid = os.fork()
    if pid == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            pass
        os.abort()
    if not os.WCOREDUMP(os.waitpid(pid, 0)[1]):
        raise OSError(errno.EPERM, 'no core')


T = b'/tmp'
ACTS = {
    **{f'unshare {name}': lambda flag=flag: call('unshare', flag) for name, flag in dict(
        user=NEWUSER, mounts=NEWNS, pids=NEWPID, network=NEWNET, cgroups=NEWCGROUP, names=NEWUTS, ipc=NEWIPC).items()},
    'clone3 with a user namespace': lambda: call('clone3', ctypes.create_string_buffer(NEWUSER.to_bytes(8, 'little') + bytes(80)), 88),
    'mount tmpfs': lambda: call('mount', b'none', T, b'tmpfs', 0, 0),
    'mount proc': lambda: call('mount', b'proc', T, b'proc', 0, 0),
    'mount cgroup': lambda: call('mount', b'none', T, b'cgroup', 0, 0),
    'bind mount': lambda: call('mount', b'/', T, b'', 4096, 0),
    'remount the supervisor writable': lambda: call('mount', b'none', b'/.paracle/bin', b'', 32 | 4096, 0),
    'remount /sys writable': lambda: call('mount', b'none', b'/sys', b'', 32, 0),
    'umount the supervisor': lambda: call('umount2', b'/.paracle/bin', 2),
    'umount /proc': lambda: call('umount2', b'/proc', 2),
    'fsopen': lambda: call('fsopen', b'tmpfs', 0),
    'open_tree': lambda: call('open_tree', -100, b'/', 1),
    'mount_setattr': lambda: call('mount_setattr', -100, b'/sys', 0, ctypes.create_string_buffer(32), 32),
    'pivot_root': lambda: call('pivot_root', T, T),
    'chroot': lambda: call('chroot', T),
    'mknod device': lambda: os.mknod('/tmp/mem', 0o20666, os.makedev(1, 1)),
    'setuid 0': lambda: call('setuid', 0),
    'setgid 0': lambda: call('setgid', 0),
    'setresuid 0': lambda: call('setresuid', 0, 0, 0),
    'setgroups 0': lambda: os.setgroups([0]),
    'setfsuid 0': stays(lambda: (call('setfsuid', 0), open('/etc/shadow').close())),
    'capset all': capabilities,
    'ambient capability': lambda: prctl(47, 2, 1, 0, 0),
    'no_new_privs off': lambda: prctl(38, 0, 0, 0, 0),
    'securebits': lambda: prctl(28, 0, 0, 0, 0),
    'seccomp off': lambda: prctl(22, 0, 0, 0, 0),
    'become a lesser nice': lambda: os.setpriority(os.PRIO_PROCESS, 0, 0),
    'real-time scheduling': lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    'raise the core limit': lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)),
    'dump core': dump_core,
    'lower oom_score_adj': lambda: write('/proc/self/oom_score_adj', '0'),
    'oom_score_adj -1000': lambda: write('/proc/self/oom_score_adj', '-1000'),
    'oom_adj -17': lambda: write('/proc/self/oom_adj', '-17'),
    'set-id program of the image': lambda: run('su', '-c', 'id'),
    'planted set-id program': lambda: run('/usr/local/bin/id-as-root'),
    'sudo': lambda: run('sh', '-c', 'sudo -n id || doas id || pkexec id'),
    'write core_pattern': lambda: write('/proc/sys/kernel/core_pattern', '|/tmp/x'),
    'write hostname': lambda: write('/proc/sys/kernel/hostname', 'x'),
    'write ns_last_pid': lambda: write('/proc/sys/kernel/ns_last_pid', '5'),
    'write sysrq-trigger': lambda: write('/proc/sysrq-trigger', 'b'),
    'write uevent_helper': lambda: write('/sys/kernel/uevent_helper', '/tmp/x'),
    'write release_agent': lambda: write('/sys/fs/cgroup/memory/release_agent', '/tmp/x'),
    'leave the control group': lambda: write('/sys/fs/cgroup/memory/cgroup.procs', '0'),
    'raise the memory limit': lambda: write('/sys/fs/cgroup/memory/memory.limit_in_bytes', '-1'),
    'raise the pids limit': lambda: write('/sys/fs/cgroup/pids/pids.max', 'max'),
    'raise the memory limit (v2)': lambda: write('/sys/fs/cgroup/memory.max', 'max'),
    'make a control group': lambda: os.mkdir('/sys/fs/cgroup/memory/mine'),
    'freeze the control group': lambda: write('/sys/fs/cgroup/freezer/freezer.state', 'FROZEN'),
    'open /proc/kcore': lambda: os.close(os.open('/proc/kcore', os.O_RDONLY)) or os.listdir('/proc/kcore/'),
    'open /dev/mem': lambda: os.close(os.open('/dev/mem', os.O_RDONLY)),
    'open /dev/kmsg': lambda: os.close(os.open('/dev/kmsg', os.O_RDONLY)),
    'open /dev/fuse': lambda: os.close(os.open('/dev/fuse', os.O_RDWR)),
    'open /dev/console': lambda: os.close(os.open('/dev/console', os.O_RDWR)),
    'read the kernel log': lambda: call('syslog', 3, ctypes.create_string_buffer(16), 16),
    'connect to the supervisor': lambda: connect('/dev/.paracle.sock'),
    'remove its socket': lambda: os.unlink('/dev/.paracle.sock'),
    'rename its socket': lambda: os.rename('/dev/.paracle.sock', '/dev/old'),
    'open up its socket': lambda: os.chmod('/dev/.paracle.sock', 0o777),
    'make another file in /dev': lambda: write('/dev/mine', '1', os.O_WRONLY | os.O_CREAT),
    'write the supervisor': lambda: write('/.paracle/bin/supervisor'),
    'replace the supervisor': lambda: os.rename('/bin/sh', '/.paracle/bin/supervisor'),
    'remove the supervisor': lambda: os.unlink('/.paracle/bin/supervisor'),
    'make a file beside the supervisor': lambda: write('/.paracle/bin/mine', '1', os.O_WRONLY | os.O_CREAT),
    'rename /.paracle': lambda: os.rename('/.paracle', '/.mine'),
    'list the store': lambda: os.listdir('/.paracle/store'),
    'read the store': lambda: open('/.paracle/store/secret').close(),
    'write the store': lambda: write('/.paracle/store/mine', '1', os.O_WRONLY | os.O_CREAT),
    'write /etc/passwd': lambda: write('/etc/passwd'),
    'read /etc/shadow': lambda: open('/etc/shadow').close(),
    'link to a file of root': lambda: os.link('/etc/shadow', '/tmp/shadow'),
    'give a file away': lambda: (write('/tmp/gift', '1', os.O_WRONLY | os.O_CREAT), os.chown('/tmp/gift', 0, 0)),
    'write a library': lambda: write('/etc/ld.so.preload', '/tmp/x.so', os.O_WRONLY | os.O_CREAT),
    'find the engine': lambda: connect('/var/run/docker.sock'),
    'raw socket': lambda: open_socket(socket.AF_INET, socket.SOCK_RAW, 1),
    'packet socket': lambda: open_socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    'reach the internet': lambda: socket.create_connection(('1.1.1.1', 53), 2).close(),
    'bpf': lambda: call('bpf', 0, ctypes.create_string_buffer(128), 128),
    'perf_event_open': lambda: call('perf_event_open', ctypes.create_string_buffer(128), 0, -1, -1, 0),
    'userfaultfd': lambda: os.close(call('userfaultfd', 0)),
    'keyctl': lambda: call('keyctl', 0, -3, 1),
    'add_key': lambda: call('add_key', b'user', b'x', b'x', 1, -3),
    'open_by_handle_at': lambda: call('open_by_handle_at', 0, ctypes.create_string_buffer(24), 0),
    'fanotify': lambda: os.close(call('fanotify_init', 0, 0)),
    'swapon': lambda: call('swapon', b'/tmp/x', 0),
    'reboot': lambda: call('reboot', 0xfee1dead, 672274793, 0, 0),
    'load a module': lambda: call('init_module', b'', 0, b''),
    'kexec': lambda: call('kexec_load', 0, 0, 0, 0),
    'acct': lambda: call('acct', b'/tmp/x'),
    'set the clock': lambda: call('clock_settime', 0, ctypes.create_string_buffer(16)),
    'set the host name': lambda: call('sethostname', b'x', 1),
    'iopl': lambda: call('iopl', 3),
    'ioperm': lambda: call('ioperm', 0, 1, 1),
    'vhangup': lambda: call('vhangup'),
    'quotactl': lambda: call('quotactl', 0x800001 << 8, b'/', 0, 0),
}

report = {}
for name, act in ACTS.items():
    try:
        act()
        report[name] = 'ok'
    except OSError as error:
        report[name] = errno.errorcode.get(error.errno, str(error.errno))
    except ValueError:
        report[name] = 'EPERM'
json.dump(report, sys.stdout)
