"""Runs commands of one client program, openstack or cinder, without loading
Python and the client for each: every command runs in a child of a process that
has loaded them.

A line on standard input is a command, {"args", "env"}; a line on standard
output is what it left, {"code", "out", "err"}.
"""
import importlib
import json
import os
import signal
import sys
import tempfile

LIMIT = 90  # seconds for a command
MODULES = {
    'openstack': ['openstackclient.shell', 'openstackclient.volume.client', 'cinderclient.v3.client', 'keystoneclient.v3.client'],
    'cinder': ['cinderclient.shell', 'cinderclient.v3.shell', 'cinderclient.v3.client'],
}


def load(program):
    sys.argv = [program]
    return [importlib.import_module(name) for name in MODULES[program]][0]


def call(shell, args):
    """Does what /usr/bin/openstack and /usr/bin/cinder do."""
    sys.argv[1:] = args
    try:
        code = shell.main()
    except SystemExit as e:
        code = e.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def child(shell, command, out, err):
    signal.alarm(LIMIT)
    os.environ.clear()
    os.environ.update(command['env'])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    code = call(shell, command['args'])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def text(f):
    f.seek(0)
    return f.read().decode('utf-8', 'replace')


def main():
    shell = load(sys.argv[1])
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = os.fork()
            if pid == 0:
                child(shell, json.loads(line), out, err)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            print(json.dumps({'code': code, 'out': text(out), 'err': text(err)}), flush=True)


main()
