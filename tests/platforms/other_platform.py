"""Run the program on Linux as on Windows or macOS: ``python other_platform.py win32 --version``.

The package sees the standard library without what that platform lacks; other packages see all of
it. As on Windows, no open file can be moved or deleted, no folder opened, and text has no UTF-8
by default. What this cannot show: paths with drives, access lists, a console.
"""

from __future__ import annotations

import builtins
import fcntl
import importlib
import os
import pkgutil
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parents[2]
PACKAGE = "tap_oauth2_generic"
# What Python's documentation excludes from a platform.
MISSING_MODULES = {
    "win32": "fcntl grp posix pty pwd resource syslog termios tty",
    "darwin": "msvcrt winreg",
}
MISSING_NAMES = {
    "win32": {
        "os": "O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC chown chroot "
        "fchdir fchmod fchown fdatasync fork forkpty getegid geteuid getgid getgroups getloadavg "
        "getpgid getpgrp getpriority getsid getuid killpg lchown lockf mkfifo mknod nice openpty "
        "pathconf pidfd_open pipe2 posix_fadvise posix_fallocate posix_spawn pread pwrite readv "
        "register_at_fork sched_getaffinity sched_yield sendfile setgid setpgid setpriority setsid "
        "setuid statvfs sync sysconf ttyname uname wait wait3 wait4 waitid writev",
        "signal": "SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP "
        "SIGUSR1 SIGUSR2 SIGWINCH alarm pause pthread_kill pthread_sigmask setitimer sigwait",
        "select": "epoll poll",
        "socket": "AF_UNIX SO_REUSEPORT",
        "time": "tzset",
    },
    "darwin": {
        "os": "O_DIRECT O_TMPFILE eventfd fdatasync getrandom memfd_create pidfd_open pipe2 "
        "posix_fadvise posix_fallocate sched_getaffinity splice",
        "signal": "SIGPWR SIGRTMAX SIGRTMIN SIGSTKFLT sigtimedwait sigwaitinfo",
        "select": "epoll",
        "socket": "AF_NETLINK AF_PACKET SO_BINDTODEVICE",
    },
}


class View:
    """A module without some of its names, and with others in their place."""

    def __init__(self, module, missing="", **own):
        vars(self).update(own, _module=module, _missing={*missing.split()})

    def __getattr__(self, name):
        if name in self._missing:
            raise AttributeError(f"{self._module.__name__}.{name} is not on this platform")
        return getattr(self._module, name)

    def __setattr__(self, name, value):
        setattr(self._module, name, value)


class Loader(SourceFileLoader):
    """Load a module of the package with the imports of another platform."""

    platform = ""
    views: dict[str, object]

    def exec_module(self, module):
        own = {**vars(builtins), "__import__": self._import}
        vars(module)["__builtins__"] = own
        super().exec_module(module)

    def _import(self, name, *rest):
        top = name.partition(".")[0]
        if top in MISSING_MODULES[self.platform].split():
            raise ImportError(f"{name} is not on {self.platform}")
        if top in self.views:
            return self.views[top]
        return builtins.__import__(name, *rest)


class Finder(MetaPathFinder):
    """Find the modules of the package."""

    def find_spec(self, name, path, _target=None):
        if name.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec and spec.origin:
            spec.loader = Loader(name, spec.origin)
        return spec


def refuse_open_files(call):
    """Return a function of ``os`` that fails for a file which this process has open."""

    def checked(*paths, **options):
        for path in paths:
            for number in Path("/proc/self/fd").iterdir():
                try:
                    is_open = os.path.samestat(os.lstat(path), number.stat())
                except OSError:
                    continue
                if is_open:
                    raise PermissionError(13, "The file is used by another process", str(path))
        return call(*paths, **options)

    return checked


def open_no_folder(path, *rest, _open=os.open, **options):
    """Open a file as Windows does."""
    if Path(path).is_dir():
        raise PermissionError(13, "Permission denied", str(path))
    return _open(path, *rest, **options)


def lock_byte(descriptor, _mode, _length):
    """Lock as ``msvcrt.locking`` does, with its error."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None


def become(platform):
    """Show another platform to each module of the package."""
    names = MISSING_NAMES[platform]
    Loader.platform = platform
    Loader.views = {name: View(importlib.import_module(name), names[name]) for name in names}
    Loader.views["sys"] = View(sys, "getdlopenflags setdlopenflags", platform=platform)
    if platform == "win32":
        for name in ("unlink", "remove", "rename", "replace"):
            setattr(os, name, refuse_open_files(getattr(os, name)))
        vars(Loader.views["os"]).update(name="nt", open=open_no_folder)
        Loader.views["msvcrt"] = SimpleNamespace(LK_NBLCK=2, locking=lock_byte)
    sys.path.insert(0, str(ROOT))
    sys.meta_path.insert(0, Finder())


def import_all():
    """Import each module of the package; return their number."""
    package = importlib.import_module(PACKAGE)
    found = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")
    return len([importlib.import_module(one.name) for one in found])


if __name__ == "__main__":
    become(sys.argv.pop(1))
    if sys.argv[1:] == ["import-all"]:
        sys.stdout.write(f"{import_all()}\n")
    else:
        importlib.import_module(f"{PACKAGE}.__main__").main()
