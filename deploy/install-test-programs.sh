#!/bin/sh
# The programs that the tests drive: a browser, the servers of both stores, apps that nobody here wrote, a second TOTP, a
# compiler for the benchmark's load.
set -eu
exec sh "$(dirname "$0")/install-programs.sh" 'The tests' chromium redis-server postgresql php-cli php-xml php-gd dokuwiki oathtool fonts-noto-cjk nginx gcc libc6-dev
