# A terminal for a program: `terminal.py PROGRAM [ARG...]`. What the program prints there is printed here.
# Obeys lines: `hold` (nobody reads the terminal), `read`, `press` (Ctrl-C), `close` (its window is shut).
import os, pty, select, sys

pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

is_read, is_open, orders = True, True, b""


def take():
    try:
        data = os.read(master, 65536)
    except OSError:
        data = b""
    while data:
        data = data[os.write(1, data):]


while True:
    files = [0] + ([master] if is_read and is_open else [])
    ready = select.select(files, [], [], 0.05)[0]
    if master in ready and is_open:
        take()
    if 0 in ready:
        got = os.read(0, 4096)
        if not got:
            os._exit(0)
        orders += got
        while b"\n" in orders:
            order, orders = orders.split(b"\n", 1)
            if order == b"hold":
                is_read = False
            elif order == b"read":
                is_read = True
            elif order == b"press":
                os.write(master, b"\x03")
            elif order == b"close":
                os.close(master)
                is_open = False
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        while is_open and select.select([master], [], [], 0)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            os.write(1, data)
        sys.exit(os.waitstatus_to_exitcode(status) % 256)
