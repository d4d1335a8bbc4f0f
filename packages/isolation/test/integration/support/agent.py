"""Tries things inside a network namespace. Speaks JSON lines."""
import errno, json, socket, struct, sys, threading, time

IP_NODEFRAG = 22
TIMEOUT = 0.7


def tell(**fields):
    print(json.dumps(fields), flush=True)


def open_socket(act, kind):
    resolved = socket.getaddrinfo(act['to'], act.get('port', 0), socket.AF_INET6 if act.get('byIpv6') else 0, kind)[0]
    family, target = resolved[0], resolved[4]
    sock = socket.socket(family, kind)
    sock.settimeout(TIMEOUT)
    if 'device' in act:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, act['device'].encode())
    for level, number in act.get('switches', []):
        sock.setsockopt(level, number, 1)
    if 'ipOptions' in act:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex(act['ipOptions']))
    if kind == socket.SOCK_DGRAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if 'from' in act or 'sourcePort' in act:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((act.get('from', ''), act.get('sourcePort', 0)))
    return sock, target


def try_tcp(act):
    sock, target = open_socket(act, socket.SOCK_STREAM)
    if act.get('oneWay'):
        sock.setblocking(False)
        return sock.connect_ex(target) in (0, errno.EINPROGRESS)
    if act.get('fastOpen'):
        sock.setblocking(True)  # else nothing is sent with a first packet that has no cookie yet
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack('@ll', 1, 0))
        sock.sendto(b'hello', socket.MSG_FASTOPEN, target)
    else:
        sock.connect(target)
        sock.sendall(b'hello')
    return sock.recv(16) == b'hello'


def try_udp(act):
    sock, target = open_socket(act, socket.SOCK_DGRAM)
    data = b'x' * act.get('size', 5)
    options = [(socket.IPPROTO_IPV6, number, bytes.fromhex(value)) for number, value in act.get('ipv6Headers', [])]
    sock.sendmsg([data], options, 0, target)
    if act.get('oneWay'):
        return True
    return sock.recv(65536) == data


def try_ping(act):
    is_v6 = ':' in act['to']
    protocol = socket.IPPROTO_ICMPV6 if is_v6 else socket.IPPROTO_ICMP
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_RAW, protocol)
    sock.settimeout(TIMEOUT)
    if 'from' in act:
        sock.bind((act['from'], 0))
    body = struct.pack('!BBHHH', 128 if is_v6 else 8, 0, 0, 7, 1)
    sock.sendto(body[:2] + struct.pack('!H', 0 if is_v6 else checksum(body)) + body[4:], (act['to'], 0))
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        data = sock.recv(2048)
        if (data[0] == 129) if is_v6 else (data[20] == 0):
            return True
    return False


def try_echo(act):
    """ICMP without NET_RAW, as net.ipv4.ping_group_range allows."""
    is_v6 = ':' in act['to']
    protocol = socket.IPPROTO_ICMPV6 if is_v6 else socket.IPPROTO_ICMP
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM, protocol)
    sock.settimeout(TIMEOUT)
    target = socket.getaddrinfo(act['to'], 0)[0][4]  # reads the zone of a link-local address
    sock.sendto(struct.pack('!BBHHH', 128 if is_v6 else 8, 0, 0, 0, 1), target)
    return sock.recv(2048)[0] == (129 if is_v6 else 0)


def try_dns(act):
    """Asks for an address; port 0 is the one that the resolver really listens on."""
    labels = b''.join(bytes([len(label)]) + label.encode() for label in act['name'].split('.'))
    query = struct.pack('!HHHHHH', 77, 0x0100, 1, 0, 0, 0) + labels + struct.pack('!BHH', 0, 1, 1)
    kind = 'tcp' if act.get('byTcp') else 'udp'
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if act.get('byTcp') else socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT)
    sock.connect((act['to'], act['port'] or find_listener(kind, act['to'])))
    sock.sendall(struct.pack('!H', len(query)) + query if act.get('byTcp') else query)
    answer = sock.recv(2048)[2 if act.get('byTcp') else 0:]
    return struct.unpack('!H', answer[6:8])[0] > 0


def find_listener(kind, address):
    wanted = '%08X' % struct.unpack('=I', socket.inet_aton(address))
    with open('/proc/net/' + kind) as table:
        locals_ = [line.split()[1].split(':') for line in table.readlines()[1:]]
    return next(int(port, 16) for local, port in locals_ if local == wanted)


def try_spray(act):
    threading.Thread(target=spray, args=(act,), daemon=True).start()
    return True


def spray(act):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        try:
            sock.sendto(b'x', (act['to'], act['port']))
        except OSError:
            pass  # there is no network yet, or it is closed
        time.sleep(0.002)


def try_raw(act):
    sock = socket.socket(socket.AF_INET6 if ':' in act['to'] else socket.AF_INET, socket.SOCK_RAW, act['protocol'])
    sock.sendto(bytes.fromhex(act.get('payload', '00' * 32)), (act['to'], 0))
    return True


def try_packet(act):
    """A packet written whole, as one or as two fragments, past the kernel's own reassembly."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setsockopt(socket.IPPROTO_IP, IP_NODEFRAG, 1)
    body = bytes.fromhex(act['payload'])
    cut = len(body) - 8
    pieces = [(0x2000, body[:cut]), (cut // 8, body[cut:])] if act.get('fragments') else [(0, body)]
    refusal = None
    for offset, piece in pieces:
        header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(piece), 77, offset, 64, act['protocol'], 0,
                             socket.inet_aton(act['from']), socket.inet_aton(act['to']))
        try:
            sock.sendto(header + piece, (act['to'], 0))
        except OSError as error:
            refusal = error  # the next piece is sent all the same
    if refusal:
        raise refusal
    return True


def try_frame(act):
    """Past the network layer altogether."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28, 77, 0, 64, 17, 0,
                         socket.inet_aton(act['from']), socket.inet_aton(act['to']))
    body = header[:10] + struct.pack('!H', checksum(header)) + header[12:] + struct.pack('!HHHH', 4000, act['port'], 8, 0)
    sock.sendto(body, ('eth0', 0x0800, 0, 6, b'\xff' * 6))
    return True


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def attempt(_):
    """Tries what each line on stdin says."""
    for line in sys.stdin:
        act = json.loads(line)
        start = time.monotonic()
        try:
            answer = {'isAnswered': globals()['try_' + act['kind']](act)}
        except OSError as error:
            answer = {'isAnswered': False, 'error': errno.errorcode.get(error.errno, type(error).__name__)}
        tell(**answer, durationMs=(time.monotonic() - start) * 1000)


def session(act):
    """A connection, or datagrams of one source port, that live on; each line but `listen` is sent, the answer told."""
    sock, target = open_socket(act, socket.SOCK_STREAM if act['kind'] == 'tcp' else socket.SOCK_DGRAM)
    sock.connect(target)
    tell(isOpen=True)
    for line in sys.stdin:
        try:
            if line != 'listen\n':
                sock.sendall(line.encode())
            tell(isAnswered=len(sock.recv(64)) > 0)
        except OSError as error:
            tell(isAnswered=False, error=errno.errorcode.get(error.errno, type(error).__name__))


{'attempt': attempt, 'session': session}[sys.argv[1]](json.loads(sys.argv[2]))
