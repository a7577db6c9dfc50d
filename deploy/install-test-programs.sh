#!/bin/sh
# The programs that the tests drive: a browser, the servers of both stores, apps that nobody here wrote, a second TOTP, a
# compiler for the benchmark's load.
set -eu
install() { sh "$(dirname "$0")/install-programs.sh" 'The tests' "$@"; }
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# Chromium without its windows costs half of what Chromium costs. Who has Chromium and cannot install: it will do.
browser=chromium-headless-shell
if installed chromium && ! installed $browser; then
    install $browser || browser=chromium
fi
install $browser redis-server postgresql php-cli php-xml php-gd dokuwiki oathtool fonts-noto-cjk nginx gcc libc6-dev
