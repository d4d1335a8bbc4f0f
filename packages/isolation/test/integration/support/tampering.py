"""What NET_ADMIN is for, tried by netlink, socket options and files. Stands before agent.py, in one program with it."""
import socket, struct

NLM_F_REQUEST_ACK_CREATE = 0x405
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
SO_MARK = 36


def attribute(number, value):
    return struct.pack('=HH', 4 + len(value), number) + value + b'\0' * (-len(value) % 4)


def message(number, body, flags=NLM_F_REQUEST_ACK_CREATE):
    return struct.pack('=IHHII', 16 + len(body), number, flags, 1, 0) + body


def say(protocol, *messages):
    """Sends messages of netlink; the kernel's first refusal is raised."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    sock.settimeout(5)
    sock.send(b''.join(messages))
    answer = sock.recv(4096)
    error = struct.unpack_from('=i', answer, 16)[0]
    if struct.unpack_from('=H', answer, 4)[0] != 2:
        raise OSError(0, 'no acknowledgement')
    if error != 0:
        raise OSError(-error, 'refused')
    return True


def index():
    return socket.if_nametoindex('eth0')


def try_table(act):
    """Deletes a table of nftables: `to` is its family's number and its name."""
    family, name = act['to'].split(' ')
    batch = struct.pack('!BBH', 0, 0, 10)
    delete = struct.pack('!BBH', int(family), 0, 0) + attribute(1, name.encode() + b'\0')
    return say(NETLINK_NETFILTER, message(16, batch, 1), message((10 << 8) | 2, delete, 5), message(17, batch, 1))


def try_connections(_):
    """Makes the kernel forget all connections, and so the marks on them."""
    return say(NETLINK_NETFILTER, message((1 << 8) | 2, struct.pack('!BBH', 2, 0, 0), 5))


def try_route(act):
    header = struct.pack('=BBBBBBBBI', 2, 32, 0, 0, 254, 4, 253, 1, 0)
    oif = attribute(4, struct.pack('=I', index()))
    return say(NETLINK_ROUTE, message(24, header + attribute(1, socket.inet_aton(act['to'])) + oif))


def try_rule(act):
    header = struct.pack('=BBBBBBBBI', 2, 32, 0, 0, 254, 0, 0, 1, 0)
    return say(NETLINK_ROUTE, message(32, header + attribute(1, socket.inet_aton(act['to']))))


def try_address(act):
    header = struct.pack('=BBBBI', 2, 32, 0, 0, index())
    return say(NETLINK_ROUTE, message(20, header + attribute(2, socket.inet_aton(act['to']))))


def try_neighbour(act):
    header = struct.pack('=BxHiHBB', 2, 0, index(), 0x80, 0, 1)
    link = attribute(2, b'\x02\x00\x00\x00\x00\x77')
    return say(NETLINK_ROUTE, message(28, header + attribute(1, socket.inet_aton(act['to'])) + link))


def try_link(_):
    header = struct.pack('=BxHiII', 0, 0, index(), 0, 0)
    return say(NETLINK_ROUTE, message(16, header + attribute(4, struct.pack('=I', 1400)), 5))


def try_mark(_):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).setsockopt(socket.SOL_SOCKET, SO_MARK, 7)
    return True


def try_write(act):
    with open(act['to'], 'r+') as file:
        value = file.read()
        file.seek(0)
        file.write(value)
    return True


