#!/bin/sh
# Usage: make-venv.sh FOLDER LOCKFILE
# Makes a Python environment in FOLDER and installs LOCKFILE and the project into it, once: a stamp holds the lock's
# check sum. Quiet when all is well; a wrong turn is told in plain words. PYTHON= names the Python to use.
set -eu
venv=$1
lock=$2
stamp="$venv/.installed-$(basename "$lock")"
log="${TMPDIR:-/tmp}/sekisho-install.$$.log"
trap 'rm -f "$log"' EXIT

say() { printf '%s\n' "$*" >&2; }

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        recent_enough "$PYTHON" || { say "$PYTHON is not Python 3.11 or newer, or does not run."; exit 1; }
        return
    fi
    for PYTHON in python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
        if recent_enough "$PYTHON"; then return; fi
    done
    found=$(python3 --version 2>/dev/null || echo 'no Python at all')
    say "Sekisho needs Python 3.11 or newer; this machine has: $found."
    say "On Debian 12 and newer:  sudo apt-get install python3 python3-venv"
    say "Or name another one:     make demo PYTHON=/path/to/python3.11"
    exit 1
}

# Debian ships Python without the part that puts pip into a new environment.
need_ensurepip() {
    if "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; then return; fi
    package=$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $package ..."
        if { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$package"; } \
            >"$log" 2>&1; then return; fi
        tail -n 5 "$log" >&2
    fi
    say "This Python cannot make environments: Debian keeps that part in a package of its own. Install it and try again:"
    say "    sudo apt-get install $package"
    exit 1
}

installed() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c 'import gateway' 2>/dev/null; }

wanted=$(cat "$lock" pyproject.toml | cksum)
if installed; then exit 0; fi

if ! [ -x "$venv/bin/python" ] || ! recent_enough "$venv/bin/python"; then
    find_python
    need_ensurepip
    "$PYTHON" -m venv --clear "$venv" >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        say "The Python environment $venv could not be made (see above): is the disk full, or the folder read-only?"
        exit 1
    }
fi

say "Installing the Python packages of $lock into $venv (once; a minute or two) ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input -q "$@"; }
if ! pip install --require-hashes -r "$lock" >"$log" 2>&1; then
    sed -n 's/^WARNING: Retrying.*broken by//p' "$log" | head -n 1 | cut -c 1-200 >&2
    grep -v '^WARNING: Retrying' "$log" | tail -n 3 >&2
    say "The packages could not be installed. If the lines above speak of a connection, name resolution or"
    say "'no matching distribution', this machine does not reach its package index: check the network or pip's proxy setting."
    exit 1
fi
if ! pip install --no-deps --no-build-isolation --no-index -e . >"$log" 2>&1; then
    tail -n 6 "$log" >&2
    say "The project itself could not be installed into $venv (see above). 'make clean-all' and try again."
    exit 1
fi
printf '%s\n' "$wanted" >"$stamp"
