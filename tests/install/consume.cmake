# SPDX-License-Identifier: BSL-1.0
#
# Builds the consumer against the installed tree and runs it.

cmake_minimum_required(VERSION 3.25)

set(build "${SCRATCH}/consumer_by_${FINDS_BY}")
file(REMOVE_RECURSE "${build}")
set(ENV{PKG_CONFIG_PATH} "${SCRATCH}/whole/${LIBDIR}/pkgconfig")

execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${CONSUMER}" -B "${build}" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}"
        "-DCMAKE_PREFIX_PATH=${SCRATCH}/whole" "-DFINDS_BY=${FINDS_BY}" "-DVERSION=${VERSION}"
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${build}/consumer" "${build}/disk.vhd" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${build}/legacy_consumer" "${build}/disk.vhd" COMMAND_ERROR_IS_FATAL ANY)
