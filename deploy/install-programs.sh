#!/bin/sh
# Usage: install-programs.sh WHO PROGRAM…
# Makes sure that Debian's packages PROGRAM… are there, which WHO ("The tests") drives. Root gets what is missing; anybody
# else one line to paste. Nothing is skipped silently.
set -eu
who=$1
shift

say() { printf '%s\n' "$*" >&2; }

if ! command -v dpkg-query >/dev/null 2>&1; then
    say "$who need Debian 12's programs: $*. This machine has no dpkg: run them on Debian, or in a container of it."
    exit 1
fi

missing=''
for program in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$program" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    say "$who need programs that are not installed. Paste this line, then try again:"
    say "sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends$missing"
    exit 1
fi

# What drives them starts servers of its own on ports of its own: Debian shall start none. A policy-rc.d that answers 101 is
# Debian's way to say so (deb-policy-rc.d); one that is there already stays.
policy=/usr/sbin/policy-rc.d
made_policy=''
log=$(mktemp)
cleanup() {
    [ -z "$made_policy" ] || rm -f "$policy"
    rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
if ! [ -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
fi

say "Installing from Debian:$missing ..."
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is words
if ! { apt-get -q update && apt-get -qy install --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 8 "$log" >&2
    say "apt-get could not install:$missing (see above)."
    exit 1
fi
