"""Random trees. `trees.py change SEED COUNT DIRECTORY…` changes them at random, `trees.py show DIRECTORY…` prints all that
can be seen of them, a line for each path. Run as root, so that nothing is hidden."""

import hashlib
import json
import os
import random
import shutil
import stat
import sys

NAMES = [b"a", b"b", b"c", b"d", b"e", b"\xff\xfe", b"n" * 255, b"with space", b"new\nline", b"-rf", b"\xc3\xbc"]
MODES = [0o000, 0o400, 0o640, 0o755, 0o777, 0o1777, 0o2711, 0o4755, 0o6755]
OWNERS = [0, 1000, 4321]
SIZES = [0, 1, 4095, 70_000, 200_000]


def paths_below(top):
    for directory, names, files in os.walk(top, topdown=True):
        yield directory
        for name in files + [name for name in names if os.path.islink(os.path.join(directory, name))]:
            yield os.path.join(directory, name)


def pick(source, top, test=lambda path: True):
    found = sorted(path for path in paths_below(top) if test(path))
    return source.choice(found) if found else None


def is_directory(path):
    return stat.S_ISDIR(os.lstat(path).st_mode)


def is_file(path):
    return stat.S_ISREG(os.lstat(path).st_mode)


def place(source, top):
    directory = pick(source, top, lambda path: is_directory(path) and path.count(b"/") < top.count(b"/") + 5)
    return os.path.join(directory, source.choice(NAMES))


def remove(path):
    if not os.path.lexists(path):
        return
    if is_directory(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def write(source, top):
    path = place(source, top)
    if os.path.lexists(path) and not is_file(path):
        remove(path)
    with open(path, source.choice(["wb", "ab"])) as file:
        file.write(source.randbytes(source.choice(SIZES)))
        if source.random() < 0.2:
            file.truncate(source.choice([1_000_000, 10_000_000]))
        if source.random() < 0.1:
            file.seek(0, os.SEEK_END)
            file.write(b"after the hole")


def make_directory(source, top):
    path = place(source, top)
    remove(path)
    os.mkdir(path)


def make_symlink(source, top):
    path = place(source, top)
    remove(path)
    os.symlink(source.choice([b"..", b"nowhere", b"/etc/passwd", b"\xff", b"t" * 1000]), path)


def make_fifo(source, top):
    path = place(source, top)
    remove(path)
    os.mkfifo(path)


def make_link(source, top):
    existing = pick(source, top, is_file)
    path = place(source, top)
    if existing is None or existing == path or existing.startswith(path + b"/"):
        return
    remove(path)
    os.link(existing, path)


def delete(source, top):
    path = pick(source, top)
    if path != top:
        remove(path)


def rename(source, top):
    path = pick(source, top)
    target = place(source, top)
    if path == top or target.startswith(path + b"/") or path.startswith(target + b"/") or path == target:
        return
    remove(target)
    os.rename(path, target)


def change_mode(source, top):
    path = pick(source, top, lambda path: not os.path.islink(path))
    os.chmod(path, source.choice(MODES))


def change_owner(source, top):
    os.chown(pick(source, top), source.choice(OWNERS), source.choice(OWNERS), follow_symlinks=False)


def change_time(source, top):
    times = (source.randrange(0, 2**62), source.randrange(-(10**18), 4 * 10**18))
    os.utime(pick(source, top), ns=times, follow_symlinks=False)


def change_attributes(source, top):
    path = pick(source, top, lambda path: is_file(path) or is_directory(path))
    name = source.choice(["user.a", "user.long." + "x" * 200])
    if name in os.listxattr(path) and source.random() < 0.5:
        os.removexattr(path, name)
    else:
        os.setxattr(path, name, source.randbytes(source.choice([0, 1, 300])))


CHANGES = [write] * 5 + [make_directory] * 3 + [delete] * 3
CHANGES += [make_symlink, make_fifo, make_link, rename, change_mode, change_owner, change_time, change_attributes]


def change(seed, count, tops):
    for top in tops:
        source = random.Random(f"{seed} {top}")
        for _ in range(count):
            source.choice(CHANGES)(source, top)


def describe(path, names):
    st = os.lstat(path)
    first = names.setdefault((st.st_dev, st.st_ino), path)
    line = [path.hex(), stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns]
    if stat.S_ISLNK(st.st_mode):
        return line + [os.readlink(path).hex()]
    if is_file(path) or is_directory(path):
        line += [[(name, os.getxattr(path, name).hex()) for name in sorted(os.listxattr(path))]]
    if is_file(path):
        with open(path, "rb") as file:
            line += [first.hex(), st.st_size, hashlib.file_digest(file, "sha256").hexdigest()]
    return line


def show(tops):
    for top in tops:
        names = {}
        for path in sorted(paths_below(top)):
            print(json.dumps(describe(path, names)))


if sys.argv[1] == "show":
    show([os.fsencode(top) for top in sys.argv[2:]])
else:
    change(sys.argv[2], int(sys.argv[3]), [os.fsencode(top) for top in sys.argv[4:]])
