#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Builds vmtask and compacts two real disks with it, one made by vmtask and one
# by qemu-img, and has QEMU confirm that their guests' data did not change.
#
#     bash examples/quickstart.sh
#
# On Debian 12 or 13, as root or with sudo, it installs what it needs. It leaves
# behind those packages and build/release-quickstart, and takes about 1 GiB of
# the temporary folder meanwhile.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/debian_packages.sh
. "$root/tests/support/debian_packages.sh"
cd "$root"

step()
{
    printf '\n==> %s\n' "$*"
}

run()
{
    printf '$ %s\n' "$*"
    "$@"
}

fail()
{
    printf '\nFAILED: %s\n' "$*" >&2
    exit 1
}

build()
{
    step "building the release"
    # A build folder of its own: that of the tests keeps its settings.
    export VMTASK_BUILD_SUFFIX=-quickstart
    cmake --preset release -D VMTASK_BUILD_TESTS=OFF -D VMTASK_BUILD_EXAMPLES=OFF > /dev/null
    cmake --build --preset release --parallel "$(nproc)" --target vmtask
    PATH="$root/build/release-quickstart/tasks/cli:$PATH"
}

# fill_disk DISK: writes as a guest would, by turns 8 MiB of data and 8 MiB of
# zeros over the first 384 MiB, and never touches the rest.
fill_disk()
{
    local disk=$1 commands=() place
    head -c 8M /dev/urandom > data.bin
    for place in $(seq 0 16 368); do
        commands+=(-c "write -P 0 ${place}M 8M" -c "write -s data.bin $((place + 8))M 8M")
    done
    qemu-io -f vpc "${commands[@]}" "$disk" > /dev/null
}

# The checksum of all that the guest sees, as QEMU reads it.
guest_checksum()
{
    qemu-img convert -f vpc -O raw "$1" guest.raw
    sha256sum < guest.raw | cut -d ' ' -f 1
    rm guest.raw
}

compact_and_check()
{
    local disk=$1 size_before checksum_before size_after checksum_after
    step "$disk before: 192 MiB of data, 192 MiB of zeros, 640 MiB never touched"
    run vmtask info "$disk"
    size_before=$(stat --format %s "$disk")
    checksum_before=$(guest_checksum "$disk")
    echo "the guest sees:   sha256 $checksum_before"

    step "compacting $disk"
    run vmtask compact "$disk"

    step "$disk after"
    run vmtask info "$disk"
    size_after=$(stat --format %s "$disk")
    checksum_after=$(guest_checksum "$disk")
    echo "the guest sees:   sha256 $checksum_after"

    [ "$checksum_after" = "$checksum_before" ] || fail "the data of $disk changed"
    # Without the zeros it takes little more than half.
    [ "$size_after" -lt $((size_before * 11 / 20)) ] || fail "$disk did not get smaller: $size_before, $size_after bytes"
    echo "$disk: $((size_before >> 20)) MiB before, $((size_after >> 20)) MiB after, and the guest's data is the same."
}

install_missing "${build_packages[@]}" qemu-utils
build

folder=$(mktemp --directory --tmpdir vmtask-quickstart.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

step "a disk made by vmtask"
run vmtask create --size 1G made-by-vmtask.vhd
fill_disk made-by-vmtask.vhd
compact_and_check made-by-vmtask.vhd

step "a disk made by qemu-img"
run qemu-img create -q -f vpc -o subformat=dynamic,force_size=on made-by-qemu.vhd 1G
fill_disk made-by-qemu.vhd
compact_and_check made-by-qemu.vhd

step "done: both disks are compact, and their guests' data is unchanged"
