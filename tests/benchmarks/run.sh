#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/debian_packages.sh
. "$root/tests/support/debian_packages.sh"

usage()
{
    cat << 'END'
usage: bash tests/benchmarks/run.sh [tasks | disks] [OPTION ...]

Builds the benchmarks in build/benchmarks with -O2 and runs those of tasks, or
those of work on disks: vmtask and its peers side by side, in several rounds.
Prints one table; README.md beside this script says what is in it. Installs
what it needs from Debian's packages, as root or by sudo, and only what is
missing. The disks take 66 GiB in build/benchmarks while they are worked on.

  --rounds N         how often everything is run (7; with --quick 3)
  --row ROW[,ROW]    only these rows
  --quick            a tenth of the work: a trend, not a result
  --json FILE        write all samples to this file, too
  --help             show this

CXX=clang++ chooses another compiler, which gets a build folder of its own.

Exits 0 when everything was run, whatever came out; 1 when something failed;
2 on bad usage.
END
}

for argument in "$@"; do
    case $argument in
        --help | -h) usage && exit 0 ;;
    esac
done

program=vmtask_benchmarks
case ${1-} in
    tasks) shift ;;
    disks) program=vmtask_disk_benchmarks && shift ;;
esac

peers=(libtbb-dev libboost-thread-dev libglib2.0-dev strace)
packages=("${build_packages[@]}" "${test_packages[@]}" "${peers[@]}")
if [[ ${CXX-} == *clang* ]]; then
    packages+=("${clang_packages[@]}")
fi
install_missing "${packages[@]}"

build="$root/build/benchmarks"
[ -z "${CXX-}" ] || build+="-${CXX##*/}"
mkdir -p "$root/build"
echo "==> building $build"
cmake -S "$root" -B "$build" -G Ninja \
    -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" > "$build.log" 2>&1 \
    || { cat "$build.log" >&2 && exit 1; }
cmake --build "$build" --target $program -j"$(nproc)"

revision=unknown
if git -C "$root" rev-parse --short HEAD > /dev/null 2>&1; then
    revision=$(git -C "$root" describe --always --dirty)
fi
# Disks belong on a file system that has to be flushed, which /tmp may not be.
export TMPDIR="$build"
echo "==> running"
exec "$build/tests/benchmarks/$program" --revision "$revision" "$@"
