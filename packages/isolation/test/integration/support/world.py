"""Echoes at all addresses of a network namespace, and watches what arrives there. Speaks JSON lines."""
import json, os, select, socket, struct, sys

# Multicast listeners, routers and neighbours of IPv6: what kernels say without being asked.
HOUSEKEEPING = {130, 131, 132, 133, 134, 135, 136, 143}
IP_PKTINFO = 8


def tell(**fields):
    print(json.dumps(fields), flush=True)


def listen(kind, family, address, port):
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    elif kind == socket.SOCK_DGRAM:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)  # answers come from the address that was asked
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(64)
    return sock


def echo_datagram(sock):
    data, ancillary, _, source = sock.recvmsg(65536, 256)
    reply = []
    for level, number, value in ancillary:
        if level == socket.IPPROTO_IP and number == IP_PKTINFO:
            reply = [(level, number, struct.pack('I', 0) + value[4:8] + b'\0' * 4)]
        elif level == socket.IPPROTO_IPV6 and number == socket.IPV6_PKTINFO:
            reply = [(level, number, value[:16] + b'\0' * 4)]
    try:
        sock.sendmsg([data], reply, 0, source)
    except OSError:
        pass  # whoever sent it can't be answered


def describe(frame):
    if frame[12:14] == b'\x08\x00':
        size = (frame[14] & 15) * 4
        protocol, body = frame[23], frame[14 + size:]
        source, target = socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])
    elif frame[12:14] == b'\x86\xdd':
        protocol, body = frame[20], frame[54:]
        source, target = (socket.inet_ntop(socket.AF_INET6, frame[at:at + 16]) for at in (22, 38))
        if protocol == 0 and len(body) > 8 and body[0] == 58:
            return None  # multicast listener reports
        if protocol == 58 and body[0] in HOUSEKEEPING:
            return None
    else:
        return None
    if protocol == 2 and target == '224.0.0.22':
        return None
    return {'from': source, 'to': target, 'protocol': protocol}


def serve(options):
    """Echoes on ports, and answers a line on stdin once all before it is told; at all addresses, tells each IP packet too."""
    watchers = [] if 'address' in options else [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))]
    everywhere = [(socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')]
    families = [(socket.AF_INET, options['address'])] if 'address' in options else everywhere
    tcp, udp = ([listen(kind, family, address, port) for family, address in families for port in options['ports']]
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
    tell(isReady=True, ports=[sock.getsockname()[1] for sock in tcp + udp])
    open_connections = []
    while True:
        ready = select.select([*watchers, *tcp, *udp, *open_connections, 0], [], [])[0]
        if ready[0] in watchers:
            frame, origin = ready[0].recvfrom(65536)
            packet = describe(frame) if origin[2] != socket.PACKET_OUTGOING and origin[0] != 'lo' else None
            if packet:
                tell(packet=packet)
            continue  # packets first: a line on stdin asks for all of them
        for sock in ready:
            if sock == 0:
                if not os.read(0, 4096):
                    return
                tell(isDrained=True)
            elif sock in tcp:
                open_connections.append(sock.accept()[0])
                tell(heard='tcp')
            elif sock in udp:
                echo_datagram(sock)
                tell(heard='udp')
            else:
                echo_stream(sock, open_connections)


def echo_stream(sock, open_connections):
    try:
        data = sock.recv(4096)
        if data:
            return sock.sendall(data)
    except OSError:
        pass  # reset by the other side
    open_connections.remove(sock)
    sock.close()


serve(json.loads(sys.argv[2]))
