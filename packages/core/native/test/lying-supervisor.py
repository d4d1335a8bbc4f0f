#!/usr/bin/env -S python3 -SE
"""A supervisor that an attacker has taken over. It greets as the real one does and serves made-up files, counters and
programs, until it is asked for a lie: a command or a path `/lie/NAME` names one that is told at once, and `remember NAME`
one for later. A lie about the greeting stands in the file `lie` beside it."""
import base64, hashlib, os, stat, struct, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD_ID = open(f'{HERE}/build-id', 'rb').read()
remembered = open(f'{HERE}/lie').read()

HELLO, EXECUTE, STDIN, STDIN_END, CREDIT, SIGNAL, CANCEL, CANCEL_ALL, COUNTERS, FREEZE, THAW, PING, SHUTDOWN = range(1, 14)
WELCOME, STARTED, REFUSED, STDOUT, STDERR, STDIN_CREDIT, EXITED, DONE, COUNTERS_REPLY, PROTOCOL_ERROR = range(0x81, 0x8B)
OK, ERROR, CHUNK, ENTRIES, SKIPPED = range(1, 6)
FLAG_FILES, FLAG_PROBE = 1, 16
CHANGED = 1 << 16
ABSENT = 2**64 - 1
HOSTILE_TEXT = b'\x1b[2J\x1b]0;owned\x07\xff\xfe\n2026-01-01 INFO approved by alice\r\xe2\x80\xae'


def frame(type, id, payload=b''):
    return struct.pack('<IBBHI', len(payload), 0xA7, type, 0, id) + payload


def send(*arguments):
    put(frame(*arguments))


def put(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def take(count):
    data = b''
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def exited(code=0, signal=0, flags=1, cause=0, before=(0,) * 8, after=(0,) * 8, duration=1000):
    return struct.pack('<BBBBI4Q16Q', cause, flags, code, signal, 0, duration, 0, 0, 0, *before, *after)


def read_text(path):
    try:
        return open(path, 'rb').read(4096)
    except OSError:
        return b''


def read_number(*paths):
    for path in paths:
        text = read_text(path).strip()
        if text.isdigit():
            return int(text)
    return ABSENT


def counters():
    limit = read_number('/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max')
    pids = read_number('/sys/fs/cgroup/pids/pids.max', '/sys/fs/cgroup/pids.max')
    return struct.pack('<14Q', 1000, 1000, limit, 0, 1, pids, 0, 5, time.monotonic_ns(), 0, ABSENT, ABSENT, 0, 0)


def absurd_counters(numbers=iter([(0, 5), (ABSENT, 2**53 - 1), (7, 0), (1, 2**63), (0, 1)] * 1000)):
    when, value = next(numbers)
    return struct.pack('<14Q', value, value, 0, value, value, 0, value, value, when, 0, value, value, value, value)


def probe(path):
    text = read_text(path)
    if path != b'/proc/self/status':
        return text
    # As an untrusted process would see itself, whatever this one is.
    lies = {b'Uid': b'1000\t' * 4, b'Gid': b'1000\t' * 4, b'Groups': b'', b'NoNewPrivs': b'1'}
    lines = []
    for line in text.split(b'\n'):
        name = line.split(b':')[0]
        value = lies.get(name, b'0' if name.startswith(b'Cap') else None)
        lines.append(line if value is None else name + b':\t' + value.strip(b'\t'))
    return b'\n'.join(lines)


def forever(data):
    while True:
        put(data)


# What a program does, by its name.
def slow(id):
    for byte in frame(STARTED, id, struct.pack('<I', 9)) + frame(STDOUT, id, b'slow') + frame(EXITED, id, exited()):
        put(bytes([byte]))


def tiny_output(id):
    put((frame(STDOUT, id, b'o') + frame(STDERR, id, b'e')) * 500_000)
    send(EXITED, id, exited())


def flood(id):
    for _ in range(1000):
        put(frame(DONE, 0xFFFFFF, b'\0\0\0\0') * 10_000)
    send(EXITED, id, exited())


def strangers(id):
    for type, payload in ((STDOUT, b'x' * 60_000), (STARTED, b'\1\0\0\0'), (EXITED, exited()), (REFUSED, b'\4\0\0\0\2\0\0\0')):
        for stranger in (0, id - 1, id + 1, 2**32 - 1):
            send(type, stranger, payload)
    for type in (DONE, COUNTERS_REPLY):
        send(type, 2**32 - 1, b'')
    send(STARTED, id, b'\1\0\0\0')
    send(STARTED, id, b'\2\0\0\0')
    send(EXITED, id, exited())
    send(EXITED, id, exited(code=5))
    send(STARTED, id, b'\3\0\0\0')
    send(STDOUT, id, b'too late')


def credit(id):
    while True:
        send(STDIN_CREDIT, id, struct.pack('<I', 2**32 - 1))
        time.sleep(0.001)


def plant(id, names):
    """Makes up files and links in the working directory: `name`, or `name->target`."""
    for name in names:
        path, _, target = name.partition('->')
        kind = stat.S_IFLNK | 0o777 if target else stat.S_IFREG | (0o4755 if path.endswith('set-id') else 0o644)
        tree[b'/workspace/' + path.encode()] = (kind, target.encode() or b'planted')
    PROGRAMS['true'](id)


PROGRAMS = {
    'true': lambda id: (send(STARTED, id, b'\1\0\0\0'), send(EXITED, id, exited())),
    'silence': lambda id: None,
    'too-long': lambda id: put(struct.pack('<IBBHI', 65537, 0xA7, STDOUT, 0, id)),
    'four-gibibytes': lambda id: put(struct.pack('<IBBHI', 2**32 - 1, 0xA7, STDOUT, 0, id)),
    'long-message': lambda id: put(struct.pack('<IBBHI', 4097, 0xA7, EXITED, 0, id)),
    'half-a-frame': lambda id: put(frame(STDOUT, id, b'x' * 1000)[:50]),
    'unknown-type': lambda id: send(0x42, id),
    'strangers': strangers,
    'more-than-granted': lambda id: forever(frame(STDOUT, id, b'x' * 60_000)),
    'tiny-output': tiny_output,
    'flood': flood,
    'slow': slow,
    'credit': credit,
    'die': lambda id: (os.write(2, HOSTILE_TEXT), sys.exit(1)),
    'code-and-signal': lambda id: send(EXITED, id, exited(code=0, signal=9, flags=3)),
    'signal-0': lambda id: send(EXITED, id, exited(signal=0, flags=2)),
    'signal-200': lambda id: send(EXITED, id, exited(signal=200, flags=2)),
    'cause-9': lambda id: send(EXITED, id, exited(cause=9)),
    'endless-duration': lambda id: send(EXITED, id, exited(duration=2**63)),
    'short-report': lambda id: send(EXITED, id, exited()[:-1]),
    'counters-fall': lambda id: send(EXITED, id, exited(code=1, before=(2**53 - 1,) * 8, after=(0,) * 8)),
    'counters-absent': lambda id: send(EXITED, id, exited(code=1, before=(0,) * 8, after=(ABSENT,) * 8)),
    'protocol-error': lambda id: send(PROTOCOL_ERROR, 0, HOSTILE_TEXT),
    'second-welcome': lambda id: send(WELCOME, 0, welcome(nonce)),
    'welcome-of-another': lambda id: send(WELCOME, 0, welcome(b'n' * 16)),
}


def program(id, argv):
    global remembered
    if argv[0] == 'remember':
        remembered = argv[1]
    if argv[0] == 'plant':
        return plant(id, argv[1:])
    PROGRAMS.get(argv[0], PROGRAMS['true'])(id)


# Files: all made up, in memory, but for the lies.
tree = {b'/': (stat.S_IFDIR | 0o755, b''), b'/workspace': (stat.S_IFDIR | 0o755, b'')}
services = {}


class Service:
    data, path, written = b'', b'', b''


def entry(path, mode=stat.S_IFREG | 0o644, size=1, target=b'', changed=None):
    now = int(time.time()) if changed is None else changed
    numbers = (mode, 1000, 1000, 1, int.from_bytes(hashlib.sha256(path).digest()[:7], 'little'), 1, 0, size, 1, now, 0, now, 0)
    return struct.pack('<IIIIQQQQQqIqIH', *numbers, len(path)) + path + struct.pack('<H', len(target)) + target


def changed_at(contents):
    return 1_700_000_000 + int.from_bytes(hashlib.sha256(contents).digest()[:3], 'little')


def known_entry(path):
    mode, contents = tree[path]
    isLink = stat.S_ISLNK(mode)
    size = 2**40 if path.endswith(b'/huge') else len(contents)
    return entry(path, mode | CHANGED, size, contents if isLink else b'', changed_at(contents))


def answer(id, type, payload=b''):
    data = struct.pack('<IB', len(payload) + 1, type) + payload
    for at in range(0, len(data), 60_000):
        send(STDOUT, id, data[at:at + 60_000])


def below(path):
    return [name for name in sorted(tree) if name == path or name.startswith(path.rstrip(b'/') + b'/')]


def many(count, path):
    for at in range(0, count, 500):
        yield b''.join(entry(path + b'/%d' % n) for n in range(at, min(count, at + 500)))


def walk_lies(root):
    return {
        'parent': [entry(root + b'/../../etc/passwd')],
        'elsewhere': [entry(b'/etc/passwd')],
        'beside': [entry(root + b'-beside')],
        'relative': [entry(b'etc/passwd')],
        'empty-name': [entry(root + b'//x')],
        'dot': [entry(root + b'/./x')],
        'nul': [entry(root + b'/a\0b')],
        'nul-in-target': [entry(root + b'/a', stat.S_IFLNK | 0o777, target=b'a\0b')],
        'long-name': [entry(root + b'/' + b'n' * 60_000)],
        'size-2-63': [entry(root + b'/a', size=2**63)],
        'cut': [entry(root + b'/a')[:-1]],
        'twice': [entry(root), entry(root, stat.S_IFDIR | 0o755), entry(root + b'/a'), entry(root + b'/a/b')],
        'million': many(1_000_000, root),
        'endless': many(2**62, root),
    }


def serve(id, op, payload):
    service = services[id]
    path = payload[28 if op in (3, 6, 7, 9, 12) else 0:].split(b'\0')[0]
    lie = path[5:].decode() if path.startswith(b'/lie/') else remembered
    if path.startswith(b'/lie/') or (op == 1 and remembered.startswith('walk-')):
        return lie_about_files(id, op, path, lie.removeprefix('walk-'))
    if op == 1:
        answer(id, ENTRIES, b''.join(known_entry(name) for name in below(path) if path != b'/' or not name.startswith(b'/.paracle/')))
    elif op == 2 and path.endswith(b'/growing'):
        lie_about_files(id, op, path, 'endless-file')
    elif op == 2 and path in tree:
        contents = falsify(path, tree[path][1])
        for at in range(0, len(contents), 50_000):
            answer(id, CHUNK, contents[at:at + 50_000])
    elif op == 3:
        service.path, service.written = path, b''
        return
    elif op == 4:
        service.written += payload
        return
    elif op == 5 and service.path == b'':
        return
    elif op == 5:
        tree[service.path] = (stat.S_IFREG | 0o644, service.written)
    elif op == 6:
        tree.setdefault(path, (stat.S_IFDIR | 0o755, b''))
    elif op == 7:
        tree[path] = (stat.S_IFLNK | 0o777, payload[28:].split(b'\0')[1])
    elif op == 8:
        for name in below(path):
            del tree[name]
    elif op in (10, 11) and path in tree:
        digest = hashlib.sha256(tree[path][1])
        tree[b'/.paracle/store/objects/' + digest.hexdigest().encode()] = (stat.S_IFREG, tree[path][1])
        saved = struct.pack('<QqI', len(tree[path][1]), changed_at(tree[path][1]), 0)
        answer(id, CHUNK, digest.digest() + (saved if op == 11 else b''))
    elif op == 12:
        digest = payload[28:].split(b'\0')[1]
        tree[path] = (stat.S_IFREG | 0o644, tree[b'/.paracle/store/objects/' + digest][1])
    elif op == 13 and path in tree:
        answer(id, ENTRIES, known_entry(path))
    elif op != 9:
        return answer(id, ERROR, struct.pack('<I', 2))
    answer(id, OK)


def falsify(path, contents):
    """What it says of its own snapshots."""
    if remembered.startswith('manifest:') and path.endswith(b'.json'):
        start = contents.index(b'"imageId":"') + 11
        return contents[:start] + b'sha256:' + b'0' * 64 + contents[contents.index(b'"', start):]
    if remembered.startswith('manifest:') and path.endswith(b'.manifest'):
        return base64.b64decode(remembered[9:])
    if remembered == 'description' and path.endswith(b'.json'):
        return b'{"__proto__":{"polluted":1},"constructor":1}'
    if remembered == 'contents' and b'/objects/' in path:
        return b'?' * len(contents)
    return contents


def lie_about_files(id, op, path, lie):
    walks = walk_lies(path)
    if op == 1 and lie in walks:
        for entries in walks[lie]:
            answer(id, ENTRIES, entries)
        answer(id, OK)
    elif lie == 'skipped':
        forever(frame(STDOUT, id, (struct.pack('<IB', 1001, SKIPPED) + b'/' * 1000) * 50))
    elif lie == 'empty-pieces':
        forever(frame(STDOUT, id, struct.pack('<IB', 1, ENTRIES) * 10_000))
    elif lie == 'endless-file':
        forever(frame(STDOUT, id, (struct.pack('<IB', 50_001, CHUNK) + b'x' * 50_000)))
    elif lie == 'bytes-alone':
        forever(frame(STDOUT, id, (struct.pack('<IB', 2, CHUNK) + b'x') * 8000))
    elif lie == 'byte-by-byte':
        put(b''.join(frame(STDOUT, id, bytes([byte])) for byte in struct.pack('<IB', 100_001, CHUNK) + b'x' * 100_000))
        answer(id, OK)
    elif lie == 'wrong-type':
        answer(id, ENTRIES if op == 2 else CHUNK, entry(path))
    elif lie == 'unknown-type':
        answer(id, 99, b'x')
    elif lie == 'unasked':
        answer(id, OK)
        answer(id, OK)
    elif lie == 'huge-answer':
        send(STDOUT, id, struct.pack('<IB', 2**32 - 1, CHUNK))
    elif lie == 'no-length':
        send(STDOUT, id, struct.pack('<IB', 0, OK))
    elif lie == 'short-error':
        answer(id, ERROR, b'\1')
    elif lie == 'short-digest':
        answer(id, CHUNK, b'x')
    elif lie == 'nothing':
        answer(id, OK)


def welcome(nonce, version=1, build_id=BUILD_ID):
    return struct.pack('<H', version) + nonce + build_id + struct.pack('<BBBQ', 1, 1, 1, time.time_ns())


def greet(nonce):
    if remembered == 'hello-silence':
        return
    if remembered == 'hello-nonce':
        nonce = nonce[::-1]
    version = 2 if remembered == 'hello-version' else 1
    build_id = b'\x1b[2J' + BUILD_ID[4:] if remembered == 'hello-build' else BUILD_ID
    send(WELCOME, 0, welcome(nonce, version, build_id))


def start(id, payload):
    numbers = struct.unpack('<9I', payload[:36])
    _directory, *texts = payload[40:].split(b'\0')
    argv = texts[:numbers[7]]
    if numbers[0] & FLAG_FILES:
        services[id] = Service()
        send(STARTED, id, b'\1\0\0\0')
    elif numbers[0] & FLAG_PROBE:
        send(STARTED, id, b'\1\0\0\0')
        if remembered != 'probe-silence':
            text = HOSTILE_TEXT * 4000 if remembered == 'probe-text' else b''
            send(STDOUT, id, b''.join(path + b'\0' + probe(path) + text[:4000] + b'\0' for path in argv))
            send(EXITED, id, exited())
    else:
        program(id, [text.decode() for text in argv])


def input_of_files(id, payload):
    service = services[id]
    send(STDIN_CREDIT, id, struct.pack('<I', len(payload)))
    service.data += payload
    while len(service.data) >= 4:
        length = struct.unpack('<I', service.data[:4])[0]
        if len(service.data) < 4 + length:
            return
        request, service.data = service.data[4:4 + length], service.data[4 + length:]
        serve(id, request[0], request[1:])


def answer_call(type, id):
    if remembered == 'calls-silence':
        return
    if type == COUNTERS and remembered == 'counters-absurd':
        send(COUNTERS_REPLY, id, absurd_counters())
    elif type == COUNTERS and remembered == 'counters-short':
        send(COUNTERS_REPLY, id, b'\0' * 8)
    elif type == COUNTERS and remembered == 'counters-done':
        send(DONE, id, b'\0\0\0\0')
    elif type == COUNTERS:
        send(COUNTERS_REPLY, id, counters())
    else:
        send(DONE, id, b'\0\0\0\0')


while True:
    length, _magic, type, _zero, id = struct.unpack('<IBBHI', take(12))
    payload = take(length)
    if type == HELLO:
        nonce = payload[2:18]
        greet(nonce)
    elif type == EXECUTE:
        start(id, payload)
    elif type == STDIN and id in services:
        input_of_files(id, payload)
    elif type == STDIN_END and id in services and remembered != 'files-never-end':
        send(EXITED, id, exited())
    elif type in (CANCEL_ALL, COUNTERS, FREEZE, THAW, PING):
        answer_call(type, id)
