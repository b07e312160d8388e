# SPDX-License-Identifier: BSL-1.0
#
# Links programs against the installed engine: one that was compiled as it was,
# and ones with another Asio, other macros of Asio's, or headers of another version of
# ours. Those must not link, and the linker must name what differs; also where linkers
# leave out what is unused.

cmake_minimum_required(VERSION 3.25)

set(folder "${SCRATCH}/other_asio")
file(REMOVE_RECURSE "${folder}")
file(WRITE "${folder}/program.cpp"
    "#include <vmtask/async_wait.hpp>\n"
    "int main() { return vmtask::task_handle() ? 1 : 0; }\n")
file(STRINGS "${SCRATCH}/whole/include/vmtask/version.hpp" version_lines REGEX "define VMTASK_ABI [0-9]+$")
if(NOT version_lines)
    message(FATAL_ERROR "version.hpp does not say VMTASK_ABI")
endif()
file(READ "${SCRATCH}/whole/include/vmtask/version.hpp" version_header)
string(REPLACE "${version_lines}" "#define VMTASK_ABI 999" version_header "${version_header}")
file(WRITE "${folder}/other_abi/vmtask/version.hpp" "${version_header}")
file(WRITE "${folder}/newer/asio/version.hpp"
    "#ifndef ASIO_VERSION_HPP\n#define ASIO_VERSION_HPP\n#define ASIO_VERSION 109901\n#endif\n")

find_program(PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
set(ENV{PKG_CONFIG_PATH} "${SCRATCH}/whole/${LIBDIR}/pkgconfig")
function(ask_pkg_config what result)
    execute_process(COMMAND "${PKG_CONFIG}" "${what}" vmtask-engine
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(answer UNIX_COMMAND "${answer}")
    set(${result} ${answer} PARENT_SCOPE)
endfunction()
ask_pkg_config(--cflags compile_flags)
ask_pkg_config(--libs libraries)
separate_arguments(flags UNIX_COMMAND "${FLAGS} ${LINK_FLAGS}")

set(plain -O0)
set(thrifty -O3 -ffunction-sections -fdata-sections)
set(link_plain "")
set(link_thrifty -Wl,--gc-sections)

function(link result message how)
    execute_process(
        COMMAND "${COMPILER}" ${flags} -std=c++20 ${${how}} ${ARGN} ${compile_flags} -c program.cpp -o program.o
        WORKING_DIRECTORY "${folder}" COMMAND_ERROR_IS_FATAL ANY)
    execute_process(
        COMMAND "${COMPILER}" ${flags} ${link_${how}} program.o ${libraries} -o program
        WORKING_DIRECTORY "${folder}" RESULT_VARIABLE status ERROR_VARIABLE text)
    set(${result} "${status}" PARENT_SCOPE)
    set(${message} "${text}" PARENT_SCOPE)
endfunction()

function(expect_refusal how expected)
    link(status text ${how} ${ARGN})
    string(FIND "${text}" "library_built_with_${expected}" position)
    if(status EQUAL 0 OR position EQUAL -1)
        message(SEND_ERROR "${how}, ${ARGN}: expected a refusal with ${expected}, got ${status}: ${text}")
    endif()
endfunction()

foreach(how IN ITEMS plain thrifty)
    link(status text ${how})
    if(NOT status EQUAL 0)
        message(SEND_ERROR "${how}: a program compiled as the library was does not link: ${text}")
    endif()
    expect_refusal(${how} "ASIO_ENABLE_HANDLER_TRACKING<true>" -DASIO_ENABLE_HANDLER_TRACKING)
    expect_refusal(${how} "ASIO_VERSION<109901>" "-I${folder}/newer")
    expect_refusal(${how} "vmtask_abi<999>" "-I${folder}/other_abi")
endforeach()
expect_refusal(plain "ASIO_HAS_EPOLL<false>" -DASIO_DISABLE_EPOLL)
expect_refusal(plain "ASIO_NO_TS_EXECUTORS<true>" -DASIO_NO_TS_EXECUTORS)
expect_refusal(plain "ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE<8>" -DASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)
