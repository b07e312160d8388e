# SPDX-License-Identifier: BSL-1.0
#
# The flags of the presets, which include this file right after project().
# They are for work on vmtask itself; no target carries them, so who embeds or
# installs vmtask inherits none.

set(VMTASK_SANITIZE "" CACHE STRING "Sanitizers to build everything with, as in -fsanitize=")

# Not among them: -Wnon-virtual-dtor, which g++ also gives for a protected
# destructor in a class with friends (deleting by such a base is in -Wall), and
# -Wnull-dereference, which g++ gives for Asio's code once it is inlined.
string(JOIN " " vmtask_warnings
    -Werror -Wall -Wextra -Wpedantic
    -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-align -Wcast-qual
    -Woverloaded-virtual -Wsuggest-override -Wextra-semi
    -Wdouble-promotion -Wformat=2 -Wimplicit-fallthrough -Wundef -Wunused)
string(APPEND CMAKE_CXX_FLAGS " ${vmtask_warnings}")

# What there is of C is linked with C++, so it comes from the same compiler.
if(NOT CMAKE_C_COMPILER AND NOT DEFINED ENV{CC})
    string(REGEX REPLACE "clang\\+\\+" "clang" vmtask_c_compiler "${CMAKE_CXX_COMPILER}")
    string(REGEX REPLACE "g\\+\\+" "gcc" vmtask_c_compiler "${vmtask_c_compiler}")
    if(EXISTS "${vmtask_c_compiler}" AND NOT vmtask_c_compiler STREQUAL CMAKE_CXX_COMPILER)
        set(CMAKE_C_COMPILER "${vmtask_c_compiler}")
    endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    string(APPEND CMAKE_CXX_FLAGS " -Wduplicated-cond -Wduplicated-branches -Wlogical-op")
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Finds what is touched without the lock that it is guarded by.
    string(APPEND CMAKE_CXX_FLAGS " -Wthread-safety")
endif()

if(VMTASK_SANITIZE)
    set(vmtask_sanitizers "-fsanitize=${VMTASK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer")
    string(APPEND CMAKE_CXX_FLAGS " ${vmtask_sanitizers}")
    string(APPEND CMAKE_C_FLAGS " ${vmtask_sanitizers}")
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND VMTASK_SANITIZE MATCHES "undefined")
        # With this check Clang cannot compile coroutines: "Cannot represent a
        # difference across sections".
        string(APPEND CMAKE_CXX_FLAGS " -fno-sanitize=function")
        # A check in a library of C++ needs what a program of C is not linked with.
        string(APPEND CMAKE_C_FLAGS " -fsanitize-link-c++-runtime")
        string(APPEND CMAKE_EXE_LINKER_FLAGS " -lstdc++")
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # The instrumentation makes g++ take members of the standard library for
        # uninitialised; the unsanitized presets keep this warning.
        string(APPEND CMAKE_CXX_FLAGS " -Wno-maybe-uninitialized")
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND VMTASK_SANITIZE MATCHES "thread")
        # A fence inside Asio or the standard library makes g++ warn that
        # ThreadSanitizer does not see it. Ours must not rely on fences anyway.
        string(APPEND CMAKE_CXX_FLAGS " -Wno-tsan")
    endif()
endif()

# Under the sanitizers, whose builds are the longest, the sources of a library are
# compiled several at a time, or what nearly all of them include is compiled once;
# the other presets show when a file does not name all it needs.
if(VMTASK_SANITIZE)
    function(vmtask_compile_together)
        foreach(target IN ITEMS vmtask_engine vmtask_virtual_server vmtask_c_api)
            if(TARGET ${target})
                set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 13)
            endif()
        endforeach()
        foreach(target IN ITEMS vmtask_vhd vmtask_cli)
            if(TARGET ${target})
                target_precompile_headers(${target} PRIVATE <vmtask/engine.hpp>)
            endif()
        endforeach()
    endfunction()
    cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL vmtask_compile_together)
endif()
