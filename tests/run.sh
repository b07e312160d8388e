#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/debian_packages.sh
. "$root/tests/support/debian_packages.sh"

usage()
{
    cat << 'END'
usage: bash tests/run.sh [--repeat N] [PRESET ...]

Builds vmtask and runs its tests, in each PRESET: dev, release, asan, tsan;
by default release, asan and tsan. Installs what it needs from Debian's packages,
as root or by sudo, and only what is missing.

  --repeat N   instead of all tests, run those labelled "concurrent" N times
               each, until one fails
  --help       show this

asan is built by clang++, the others by the system's default, so that two
compilers build and run everything. CXX=g++ chooses one for all of them. Any
other than the default has build folders of its own, as build/asan-clang++.

Exits 0 when all tests pass, 1 when something fails, 2 on bad usage.
END
}

bad_usage()
{
    echo "error: $1" >&2
    usage >&2
    exit 2
}

repeat=
presets=()
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage && exit 0 ;;
        --repeat)
            repeat=${2-}
            [[ $repeat =~ ^[1-9][0-9]*$ ]] || bad_usage "--repeat wants a number, as in --repeat 100"
            shift
            ;;
        dev | release | asan | tsan) presets+=("$1") ;;
        *) bad_usage "there is no preset or option '$1'" ;;
    esac
    shift
done
[ ${#presets[@]} -gt 0 ] || presets=(release asan tsan)

# The compiler that was asked for, or the preset's; empty: the system's default.
compiler_for()
{
    case ${CXX-}:$1 in
        :asan) echo clang++ ;;
        *) echo "${CXX-}" ;;
    esac
}

packages=("${build_packages[@]}" "${test_packages[@]}")
for preset in "${presets[@]}"; do
    [[ $(compiler_for "$preset") != *clang* ]] || packages+=("${clang_packages[@]}")
done
install_missing "${packages[@]}"

# ThreadSanitizer's older runtimes find no room for their shadow memory where
# the kernel places programs too randomly.
prefix_for()
{
    local bits=/proc/sys/vm/mmap_rnd_bits
    prefix=()
    if [ "$1" = tsan ] && [ -r $bits ] && [ "$(< $bits)" -gt 28 ] && setarch -R true 2> /dev/null; then
        prefix=(setarch -R)
    fi
}

# In a shell of its own, which alone sees the compiler.
run_preset()
(
    preset=$1
    chosen=()
    [ -z "$repeat" ] || chosen=(--label-regex "^concurrent$" --repeat "until-fail:$repeat")
    targets=()
    # What is shipped has headers, each of which can be included alone.
    [ "$preset" != release ] || targets=(--target all all_verify_interface_header_sets)
    prefix_for "$preset"
    compiler=$(compiler_for "$preset")
    if [ -n "$compiler" ]; then
        export CXX=$compiler VMTASK_BUILD_SUFFIX="-${compiler##*/}"
    fi

    echo "==> $preset: configuring build/$preset${VMTASK_BUILD_SUFFIX-}"
    cmake --preset "$preset" > /dev/null || exit 1
    echo "==> $preset: building"
    "${prefix[@]}" cmake --build --preset "$preset" -j"$(nproc)" "${targets[@]}" || exit 1
    echo "==> $preset: testing"
    # More at once than processors, because many wait for most of their time.
    "${prefix[@]}" ctest --preset "$preset" -j"$((2 * $(nproc)))" "${chosen[@]}" || exit 1
)

cd "$root"
failed=()
for preset in "${presets[@]}"; do
    begin=$SECONDS
    run_preset "$preset" || failed+=("$preset")
    echo "==> $preset: $((SECONDS - begin)) s"
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}" >&2
    exit 1
fi
echo "all tests passed: ${presets[*]}"
