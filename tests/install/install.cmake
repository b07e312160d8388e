# SPDX-License-Identifier: BSL-1.0
#
# Installs three times: everything, the engine alone, and the C API alone. Each tree is then moved, so
# that a path of this build or of the first place would show.

cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${SCRATCH}")

function(install_and_move name)
    execute_process(
        COMMAND "${CMAKE_COMMAND}" --install "${BUILT}" --prefix "${SCRATCH}/before/${name}" ${ARGN}
        OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    file(RENAME "${SCRATCH}/before/${name}" "${SCRATCH}/${name}")

    file(GLOB_RECURSE installed "${SCRATCH}/${name}/*.cmake" "${SCRATCH}/${name}/*.pc")
    foreach(file IN LISTS installed)
        file(READ "${file}" text)
        string(FIND "${text}" "${BUILT}" position)
        if(NOT position EQUAL -1)
            message(FATAL_ERROR "${file} names the build folder")
        endif()
    endforeach()
endfunction()

install_and_move(whole)
install_and_move(engine_only --component vmtask_engine)
install_and_move(c_api_only --component vmtask_c_api)
