"""What the isolated process gives up before it looks at a submission: memory, files, and much of the kernel.

Bubblewrap (``isolation``) hides the machine; this is the second wall. After :func:`confine` the process cannot start
another process or program, signal any process but itself, open a socket, enter a namespace, or allocate memory, its own
or the kernel's, that no limit counts. It runs inside the sandbox, so it imports the standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import secrets
import struct
import sys
from typing import Any

# The system calls that fail, by architecture: what starts a process (so no fork bomb begins, and no second process
# answers for the first), touches another one, reaches the network, opens a namespace (in whose own user namespace a
# process is root again), takes memory that no limit counts (also the kernel's own, for extended attributes, watches and
# rules), tells where on the machine files are, makes the machine write its disks, or is known for holes in the kernel.
REFUSED = {
    "x86_64": {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322,
        "tkill": 200, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "pidfd_open": 434, "pidfd_send_signal": 424,
        "pidfd_getfd": 438, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
        "process_madvise": 440, "setpriority": 141, "socket": 41,
        "unshare": 272, "setns": 308, "chroot": 161, "mount": 165, "umount2": 166, "pivot_root": 155,
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "mount_setattr": 442,
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "add_key": 248, "request_key": 249, "keyctl": 250,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "personality": 135, "modify_ldt": 154,
        "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "setxattrat": 463, "io_setup": 206, "socketpair": 53,
        "inotify_init": 253, "inotify_init1": 294, "inotify_add_watch": 254, "fanotify_init": 300, "fanotify_mark": 301,
        "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
        "statmount": 457, "listmount": 458, "fsconfig": 431, "fspick": 433, "open_tree_attr": 467,
        "process_mrelease": 448, "sync": 162, "syncfs": 306,
    },
    "aarch64": {
        "execve": 221, "execveat": 281,
        "tkill": 130, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "pidfd_open": 434, "pidfd_send_signal": 424,
        "pidfd_getfd": 438, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "process_madvise": 440, "setpriority": 140, "socket": 198,
        "unshare": 97, "setns": 268, "chroot": 51, "mount": 40, "umount2": 39, "pivot_root": 41,
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "mount_setattr": 442,
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "semget": 190, "mq_open": 180,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "add_key": 217, "request_key": 218, "keyctl": 219,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "personality": 92,
        "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "setxattrat": 463, "io_setup": 0, "socketpair": 199,
        "inotify_init1": 26, "inotify_add_watch": 27, "fanotify_init": 262, "fanotify_mark": 263,
        "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
        "statmount": 457, "listmount": 458, "fsconfig": 431, "fspick": 433, "open_tree_attr": 467,
        "process_mrelease": 448, "sync": 81, "syncfs": 267,
    },
}  # fmt: skip
# Calls that depend on their first argument: the process may signal and limit itself, and start threads.
KILL_ITSELF = {"x86_64": (62, 234), "aarch64": (129, 131)}  # kill, tgkill
PRLIMIT = {"x86_64": 302, "aarch64": 261}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435  # its flags are in memory, which a filter cannot read; the C library falls back to clone
CLONE_THREAD = 0x10000
FCNTL = {"x86_64": 72, "aarch64": 25}
# Its commands that fail, as nothing counts what the kernel remembers of them: locks of parts of files, leases, notices.
COMMANDS = {"F_SETLK": 6, "F_SETLKW": 7, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38, "F_SETLEASE": 1024, "F_NOTIFY": 1026}
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_...

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 1, 38, 22, 2
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
NOBODY = 65534


def confine(
    memory: int, processes: int, files: int, file_size: int, isolated: bool, drop: bool, scratch: list[Any] | None
) -> None:
    """Give up what a submission does not need, for good.

    Parameters
    ----------
    memory, file_size : int
        Bytes.
    processes, files : int
        ``processes`` limits the threads, as there are no other processes.
    isolated : bool
        Whether to fail if the kernel cannot filter system calls. Otherwise that part is omitted.
    drop : bool
        Whether to change to a user that owns nothing. Needed if the process runs as root, to whom no limit on
        processes applies.
    scratch : list of (str, int, int), or None
        A folder to mount a file system on, its bytes, and how many files and folders it may have: each takes memory of
        the kernel, even an empty one.

    Raises
    ------
    OSError
        If any of this fails.
    """
    if scratch is not None:
        _mount(*scratch)
    for name, most in (
        ("AS", memory), ("NPROC", processes), ("NOFILE", files), ("FSIZE", file_size), ("CORE", 0), ("MSGQUEUE", 0),
        ("SIGPENDING", processes),
    ):  # fmt: skip
        limit = getattr(resource, f"RLIMIT_{name}", None)  # MSGQUEUE exists on Linux only
        if limit is not None:
            _, hard = resource.getrlimit(limit)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            try:
                resource.setrlimit(limit, (most, most))
            except (OSError, ValueError) as error:  # macOS defines some limits but does not support them
                if isolated:
                    raise OSError(f"RLIMIT_{name}: {error}") from error
    if drop:
        _become_nobody()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)  # end with the checker
        _drop_capabilities(libc)
        _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        if isolated or platform.machine() in MACHINES:
            _filter_system_calls(libc)
    elif isolated:
        raise OSError(errno.ENOSYS, "system calls can be filtered on Linux only")


def _mount(folder: str, size: int, most: int) -> None:
    """Mount a file system in memory, which bubblewrap cannot do with a bound on the number of its files."""
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={size},nr_inodes={most},mode=0777".encode()
    _check(libc.mount(b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options))


def _become_nobody() -> None:
    """Change to a user without other processes, so that the limit on processes counts this one only."""
    os.setgroups([])
    for user in (2**30 + secrets.randbelow(2**30), NOBODY):  # a container may not support such high numbers
        try:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return
        except OSError as error:
            if user == NOBODY or error.errno != errno.EINVAL:
                raise


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up every capability; as no program can be started, none comes back."""
    header = struct.pack("=Ii", 0x20080522, 0)  # the structure's version, this process
    _check(libc.capset(header, bytes(24)))


def _filter_system_calls(libc: ctypes.CDLL) -> None:
    """Install the filter."""
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}")
    program = b"".join(_program(machine, os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))

    class Fprog(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    fprog = Fprog(len(program) // 8, ctypes.addressof(code))
    _check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(fprog), 0, 0))


def _program(machine: str, process: int) -> list[bytes]:
    """Write the filter as BPF. A jump gives the number of instructions to skip."""
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    number, architecture, argument, second = 0, 4, 16, 24  # offsets in the data (of arguments, of the lower half)

    def line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    refuse, unknown, allow = line(give, FAIL | errno.EPERM), line(give, FAIL | errno.ENOSYS), line(give, ALLOW)
    lines = [line(load, architecture), line(equal, MACHINES[machine], 1), line(give, KILL), line(load, number)]
    if machine == "x86_64":
        lines += [line(at_least, 0x40000000, 0, 1), unknown]  # the same calls by other numbers (x32)
    for call in REFUSED[machine].values():
        lines += [line(equal, call, 0, 1), refuse]
    lines += [line(equal, CLONE3, 0, 1), unknown]
    lines += [line(equal, CLONE[machine], 0, 4), line(load, argument), line(any_bit, CLONE_THREAD, 0, 1), allow, refuse]
    for call in KILL_ITSELF[machine]:
        lines += [line(equal, call, 0, 4), line(load, argument), line(equal, process, 0, 1), allow, refuse]
    lines += [line(equal, PRLIMIT[machine], 0, 5), line(load, argument)]
    lines += [line(equal, process, 1, 0), line(equal, 0, 0, 1), allow, refuse]
    commands = [line(equal, command, 0, 1) for command in COMMANDS.values()]
    lines += [line(equal, FCNTL[machine], 0, 2 * len(commands) + 1), line(load, second)]
    lines += [one for command in commands for one in (command, refuse)]
    return [*lines, allow]


def _check(result: int) -> None:
    """Raise what the C library reports."""
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
