"""Acts against another process, tried for real by the untrusted user. Prints one JSON object:
{"targets": {pid: {"name": its command line, act: outcome}}, "own": {act: outcome}}, outcome "ok" or the name of the errno."""
import ctypes, errno, fcntl, json, os, resource, signal, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NR = {
    'x86_64': dict(ptrace=101, tkill=200, tgkill=234, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297, setpriority=141,
                   sched_setparam=142, sched_setscheduler=144, sched_setaffinity=203, sched_setattr=314, ioprio_set=251,
                   ioprio_get=252, prlimit64=302, process_vm_readv=310, process_vm_writev=311, kcmp=312, move_pages=279,
                   migrate_pages=256, get_robust_list=274, perf_event_open=298),
    'aarch64': dict(ptrace=117, tkill=130, tgkill=131, rt_sigqueueinfo=138, rt_tgsigqueueinfo=240, setpriority=140,
                    sched_setparam=118, sched_setscheduler=119, sched_setaffinity=122, sched_setattr=274, ioprio_set=30,
                    ioprio_get=31, prlimit64=261, process_vm_readv=270, process_vm_writev=271, kcmp=272, move_pages=239,
                    migrate_pages=238, get_robust_list=100, perf_event_open=241),
}[os.uname().machine]
NR.update(pidfd_send_signal=424, pidfd_open=434, pidfd_getfd=438, process_madvise=440, process_mrelease=448)


def call(name, *arguments):
    result = libc.syscall(ctypes.c_long(NR[name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def through_pidfd(pid, act):
    pidfd = call('pidfd_open', pid, 0)
    try:
        return act(pidfd)
    finally:
        os.close(pidfd)


def siginfo():
    """A SI_QUEUE signal info: number, errno, code -1, then the rest."""
    return ctypes.create_string_buffer(struct.pack('iii', signal.SIGCONT, 0, -1) + bytes(116), 128)


class Piece(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]


HERE = ctypes.create_string_buffer(8)


def vm(name):
    def act(pid):
        # A forked child has our own addresses; for anybody else the kernel refuses before it looks.
        piece = Piece(ctypes.addressof(HERE), 8)
        call(name, pid, ctypes.byref(piece), 1, ctypes.byref(piece), 1, 0)
    return act


def ptrace(request):
    def act(pid):
        call('ptrace', request, pid, 0, 0)
        os.waitpid(pid, 0x40000000) if request == 16 else None
        call('ptrace', 17, pid, 0, 0) if request == 16 else None
    return act


def opened(name, flags):
    def act(pid):
        os.close(os.open(f'/proc/{pid}/{name}', flags))
    return act


def written(name, text):
    def act(pid):
        with open(f'/proc/{pid}/{name}', 'w') as file:
            file.write(text)
    return act


def linked(name):
    return lambda pid: os.readlink(f'/proc/{pid}/{name}')


def own_signal(pid):
    """A signal sent by the kernel on our behalf when a pipe becomes ready."""
    read, write = os.pipe()
    seen = signals_pending(pid)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    fcntl.fcntl(read, 10, signal.SIGTSTP)  # F_SETSIG
    fcntl.fcntl(read, fcntl.F_SETOWN, pid)
    os.write(write, b'x')
    os.close(read), os.close(write)
    if signals_pending(pid) == seen:
        raise OSError(errno.EPERM, 'no signal came')


def signals_pending(pid):
    with open(f'/proc/{pid}/status') as file:
        return [line for line in file if line.startswith(('SigPnd', 'ShdPnd', 'State'))]


def attributes():
    return ctypes.create_string_buffer(struct.pack('IIQiIQQQ', 48, 3, 0, 19, 0, 0, 0, 0), 48)


def robust_list(pid):
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    call('get_robust_list', pid, ctypes.byref(head), ctypes.byref(size))


def set_limit(limit, values):
    def act(pid):
        call('prlimit64', pid, limit, ctypes.byref((ctypes.c_uint64 * 2)(*values)), 0)
    return act


def with_signal(number):
    return lambda pid: os.kill(pid, number)


ACTS = {
    'kill 0': with_signal(0),
    'kill SIGCONT': with_signal(signal.SIGCONT),
    'kill SIGURG': with_signal(signal.SIGURG),
    'kill SIGWINCH': with_signal(signal.SIGWINCH),
    'kill SIGCHLD': with_signal(signal.SIGCHLD),
    'tkill': lambda pid: call('tkill', pid, int(signal.SIGCONT)),
    'tgkill': lambda pid: call('tgkill', pid, pid, int(signal.SIGCONT)),
    'sigqueue': lambda pid: call('rt_sigqueueinfo', pid, int(signal.SIGCONT), siginfo()),
    'tgsigqueue': lambda pid: call('rt_tgsigqueueinfo', pid, pid, int(signal.SIGCONT), siginfo()),
    'pidfd_send_signal': lambda pid: through_pidfd(pid, lambda fd: call('pidfd_send_signal', fd, int(signal.SIGCONT), 0, 0)),
    'signal through F_SETOWN': own_signal,
    'ptrace attach': ptrace(16),
    'ptrace seize': ptrace(0x4206),
    'process_vm_readv': vm('process_vm_readv'),
    'process_vm_writev': vm('process_vm_writev'),
    'read mem': opened('mem', os.O_RDONLY),
    'write mem': opened('mem', os.O_RDWR),
    'read environ': opened('environ', os.O_RDONLY),
    'read maps': opened('maps', os.O_RDONLY),
    'write clear_refs': written('clear_refs', '1'),
    'write coredump_filter': written('coredump_filter', '0'),
    'write comm': written('comm', 'python3'),
    'write oom_score_adj': written('oom_score_adj', '1000'),
    'write timerslack_ns': written('timerslack_ns', '50000'),
    'list fd': lambda pid: os.listdir(f'/proc/{pid}/fd'),
    'open fd 0': opened('fd/0', os.O_RDONLY),
    'write fd 1': opened('fd/1', os.O_WRONLY),
    'write fd 2': opened('fd/2', os.O_WRONLY),
    'list map_files': lambda pid: os.listdir(f'/proc/{pid}/map_files'),
    'enter cwd': lambda pid: os.listdir(f'/proc/{pid}/cwd/'),
    'enter root': lambda pid: os.listdir(f'/proc/{pid}/root/'),
    'read exe': linked('exe'),
    'read namespace': linked('ns/mnt'),
    'setpriority': lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
    'sched_setscheduler': lambda pid: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)),
    'sched_setparam': lambda pid: os.sched_setparam(pid, os.sched_param(0)),
    'sched_setattr': lambda pid: call('sched_setattr', pid, attributes(), 0),
    'sched_setaffinity': lambda pid: os.sched_setaffinity(pid, os.sched_getaffinity(0)),
    'ioprio_set': lambda pid: call('ioprio_set', 1, pid, 3 << 13),
    'prlimit NOFILE': set_limit(resource.RLIMIT_NOFILE, (64, 64)),
    'prlimit CPU': set_limit(resource.RLIMIT_CPU, (1000, 1000)),
    'prlimit AS': set_limit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
    'get_robust_list': robust_list,
    'setpgid': lambda pid: os.setpgid(pid, os.getpgrp()),
    'pidfd_getfd': lambda pid: os.close(through_pidfd(pid, lambda fd: call('pidfd_getfd', fd, 0, 0))),
    'process_madvise': lambda pid: through_pidfd(pid, lambda fd: call('process_madvise', fd, ctypes.byref(Piece(0, 0)), 1, 20, 0)),
    'process_mrelease': lambda pid: through_pidfd(pid, lambda fd: call('process_mrelease', fd, 0)),
    'kcmp': lambda pid: call('kcmp', os.getpid(), pid, 1, 0, 0),
    'move_pages': lambda pid: call('move_pages', pid, 0, 0, 0, 0, 0),
    'migrate_pages': lambda pid: call('migrate_pages', pid, 0, 0, 0),
    'perf_event_open': lambda pid: call('perf_event_open', ctypes.create_string_buffer(128), pid, -1, -1, 0),
    'setns': lambda pid: through_pidfd(pid, lambda fd: os.setns(fd, 0x10000000) if hasattr(os, 'setns') else call_setns(fd)),
    'kill SIGSTOP': with_signal(signal.SIGSTOP),
    'kill SIGTERM': with_signal(signal.SIGTERM),
    'kill SIGKILL': with_signal(signal.SIGKILL),
}


def call_setns(fd):
    if libc.setns(fd, 0x10000000) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


def outcome(act, pid):
    try:
        act(pid)
        return 'ok'
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def against_own(act):
    """The same against a child of our own, in a group of its own."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(0), os.open('/dev/null', os.O_RDONLY)
        while True:
            signal.pause()
    while os.getpgid(child) != child:
        pass
    try:
        return outcome(act, child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def name_of(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read().replace(b'\0', b' ').decode().strip()
    except OSError:
        return ''


def start_of(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rsplit(')', 1)[1].split()[19]
    except OSError:
        return None


# Those of the supervisor that were there from first to last.
pids = [int(pid) for pid in os.listdir('/proc') if pid.isdigit()]
started = {pid: start_of(pid) for pid in pids if os.path.exists(f'/proc/{pid}') and os.stat(f'/proc/{pid}').st_uid == 0}
tried = {pid: {'name': name_of(pid), **{name: outcome(act, pid) for name, act in ACTS.items()}} for pid in started}
report = {
    'targets': {pid: acts for pid, acts in tried.items() if start_of(pid) == started[pid]},
    'own': {name: against_own(act) for name, act in ACTS.items()},
}
json.dump(report, sys.stdout)
