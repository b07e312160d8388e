# SPDX-License-Identifier: BSL-1.0
#
# Builds the consumer in C against a tree in which only the C API is installed,
# and runs it.

cmake_minimum_required(VERSION 3.25)

set(build "${SCRATCH}/c_consumer_by_${FINDS_BY}")
file(REMOVE_RECURSE "${build}")
set(ENV{PKG_CONFIG_PATH} "${SCRATCH}/c_api_only/${LIBDIR}/pkgconfig")

execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${C_CONSUMER}" -B "${build}" -G "${GENERATOR}"
        "-DCMAKE_C_COMPILER=${C_COMPILER}" "-DCMAKE_C_FLAGS=${C_FLAGS}"
        "-DCMAKE_EXE_LINKER_FLAGS=${LINK_FLAGS}"
        "-DCMAKE_PREFIX_PATH=${SCRATCH}/c_api_only" "-DFINDS_BY=${FINDS_BY}" "-DVERSION=${VERSION}"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${build}/consumer" "${build}/disk.vhd" COMMAND_ERROR_IS_FATAL ANY)
