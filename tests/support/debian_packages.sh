# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
#
# For scripts to source: names the Debian packages that vmtask needs, and
# installs those that are missing.

# shellcheck disable=SC2034
build_packages=(g++ cmake ninja-build libasio-dev libcli11-dev nlohmann-json3-dev)
# shellcheck disable=SC2034
test_packages=(catch2 pkg-config python3 qemu-utils qemu-system-common libvhdi-utils
    libboost-dev libglib2.0-dev libsystemd-dev)
# shellcheck disable=SC2034
clang_packages=(clang libclang-rt-dev)

# as_root COMMAND...: runs it as root, by sudo if need be.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        echo "error: to run '$*' I need root or sudo" >&2
        return 1
    fi
}

is_installed()
{
    dpkg-query --show --showformat '${db:Status-Status}\n' "$1" 2> /dev/null | grep -qx installed
}

# install_missing PACKAGE...: asks apt only for those that are not there, so a
# machine that has them all needs no network and no root.
install_missing()
{
    if ! command -v dpkg-query > /dev/null; then
        echo "note: this is not Debian; I take these as installed: $*" >&2
        return 0
    fi
    local package
    local missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "==> installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${missing[@]}" > /dev/null
}
