# SPDX-License-Identifier: BSL-1.0
#
# Asks for a component that cannot be had, and expects to be told so.

cmake_minimum_required(VERSION 3.25)

set(source "${SCRATCH}/wants_${COMPONENT}")
file(WRITE "${source}/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.25)\n"
    "project(wants_${COMPONENT} LANGUAGES CXX)\n"
    "find_package(vmtask REQUIRED COMPONENTS ${COMPONENT})\n")

execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${source}" -B "${source}/build" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${SCRATCH}/${TREE}"
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE message)

# CMake breaks long messages into lines.
string(REGEX REPLACE "[ \n]+" " " message "${message}")
string(FIND "${message}" "${EXPECTED}" position)
if(result EQUAL 0 OR position EQUAL -1)
    message(FATAL_ERROR "expected a refusal with '${EXPECTED}', got ${result}: ${message}")
endif()
