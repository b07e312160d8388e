# SPDX-License-Identifier: BSL-1.0
#
# Configures a project that embeds vmtask by add_subdirectory(). It must get the
# libraries, and none of our tests, programs, install rules or flags.

cmake_minimum_required(VERSION 3.25)

set(source "${SCRATCH}/embeds")
file(REMOVE_RECURSE "${source}")
file(WRITE "${source}/program.cpp" "int main() {}\n")
file(WRITE "${source}/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.25)\n"
    "project(embeds LANGUAGES CXX)\n"
    "add_subdirectory(\"${SOURCE}\" vmtask)\n"
    "add_executable(program program.cpp)\n"
    "target_link_libraries(program PRIVATE vmtask::engine vmtask::vhd vmtask::virtual_server)\n"
    "foreach(target IN ITEMS vmtask engine_test example_first_program)\n"
    "    if(TARGET \${target})\n"
    "        message(FATAL_ERROR \"got the target \${target} unasked\")\n"
    "    endif()\n"
    "endforeach()\n")

execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${source}" -B "${source}/build" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(READ "${source}/build/compile_commands.json" commands)
if(commands MATCHES " (-Werror|-fsanitize[^ ]*|-Wconversion)")
    message(FATAL_ERROR "an embedding project got ${CMAKE_MATCH_1}")
endif()
file(READ "${source}/build/vmtask/cmake_install.cmake" rules)
if(rules MATCHES "vmtask-config")
    message(FATAL_ERROR "an embedding project got install rules")
endif()
