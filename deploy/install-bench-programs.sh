#!/bin/sh
# The programs that the benchmark compares with and drives. Go is measured where it is, and never installed.
set -eu
exec sh "$(dirname "$0")/install-programs.sh" 'The benchmarks' nginx haproxy wrk redis-server postgresql gcc libc6-dev
