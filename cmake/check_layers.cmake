# SPDX-License-Identifier: BSL-1.0
#
# cmake -D ROOT=<source folder> -D CORE_FILES=<list> -P check_layers.cmake
#
# Fails when a part knows what it must not know. The parts, from below:
# engine, tasks/vhd, side by side tasks/virtual_server and tasks/c_api, tasks/cli.
#
#   - No part includes a header of a part above it, of the tests or the examples,
#     nor reaches into another part with "../".
#   - The engine does not even speak of disks: no vmtask/vhd, no vmtask::vhd.
#   - Of the libraries only the engine includes Asio. The program tasks/cli may:
#     it is a user of the engine like any other, with an event loop of its own. So
#     may the sources of tasks/c_api, which show none of it.
#   - The headers of tasks/c_api are C.
#   - Each room of engine/src includes only itself and rooms below it, and none of
#     them who owns all of their parts; engine/ARCHITECTURE.md says which they are.
#   - A core (CORE_FILES) includes nothing but itself and the standard library
#     without its file functions, however long the chain of includes.

cmake_minimum_required(VERSION 3.25)

set(violations "")

macro(violation file reason)
    file(RELATIVE_PATH violating_file "${ROOT}" "${file}")
    string(APPEND violations "\n  ${violating_file}: ${reason}")
endmacro()

# The names in #include lines, as written, without quotes or brackets.
function(read_includes file result)
    file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    list(TRANSFORM lines REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*)[>\"].*" "\\1")
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()

# Reports each file of the folder that includes what the pattern matches.
function(forbid_includes folder pattern reason)
    file(GLOB_RECURSE files "${ROOT}/${folder}/*.hpp" "${ROOT}/${folder}/*.cpp"
        "${ROOT}/${folder}/*.h")
    foreach(file IN LISTS files)
        read_includes("${file}" includes)
        list(FILTER includes INCLUDE REGEX "${pattern}")
        foreach(include IN LISTS includes)
            violation("${file}" "includes <${include}>, but ${reason}")
        endforeach()
    endforeach()
    set(violations "${violations}" PARENT_SCOPE)
endfunction()

function(forbid_words folder pattern reason)
    file(GLOB_RECURSE files "${ROOT}/${folder}/*.hpp" "${ROOT}/${folder}/*.cpp"
        "${ROOT}/${folder}/*.h" "${ROOT}/${folder}/CMakeLists.txt")
    foreach(file IN LISTS files)
        file(STRINGS "${file}" lines REGEX "${pattern}")
        if(lines)
            list(GET lines 0 line)
            string(STRIP "${line}" line)
            violation("${file}" "says \"${line}\", but ${reason}")
        endif()
    endforeach()
    set(violations "${violations}" PARENT_SCOPE)
endfunction()

# Follows the includes of the core's files through the whole source tree.
function(check_core)
    set(system_headers "fcntl|unistd|dirent|dlfcn|poll|pthread|signal|spawn|termios|sys/.*|linux/.*")
    set(open ${CORE_FILES})
    set(seen "")
    while(open)
        list(POP_FRONT open file)
        if(file IN_LIST seen)
            continue()
        endif()
        list(APPEND seen "${file}")
        get_filename_component(folder "${file}" DIRECTORY)
        read_includes("${file}" includes)
        foreach(include IN LISTS includes)
            set(found "")
            foreach(place IN ITEMS "${folder}" "${ROOT}/tasks/vhd/include" "${ROOT}/tasks/vhd/src")
                if(NOT found AND EXISTS "${place}/${include}")
                    get_filename_component(found "${place}/${include}" ABSOLUTE)
                endif()
            endforeach()
            if(found)
                list(APPEND open "${found}")
            elseif(include MATCHES "^asio(/|\\.hpp)")
                violation("${file}" "includes <${include}>, but the core of vhd knows no Asio")
            elseif(include MATCHES "^vmtask/")
                violation("${file}" "includes <${include}>, but the core of vhd knows no other part")
            elseif(include MATCHES "^(${system_headers})\\.h$|^(fstream|filesystem|cstdio|stdio\\.h)$")
                violation("${file}" "includes <${include}>, but the core of vhd knows no files")
            endif()
        endforeach()
    endwhile()
    set(violations "${violations}" PARENT_SCOPE)
endfunction()

set(above_engine "vmtask/(vhd|virtual_server|c_api|cli)/|VsComInterfaces|^vmtask\\.h$")
set(outside "^(support|examples|tests)/|\\.\\./")

forbid_words(engine "vmtask(/|::|_)(vhd|virtual_server|c_api|cli)" "the engine knows no disk")
forbid_includes(engine "${above_engine}" "the engine is below it")
forbid_includes(tasks/vhd "vmtask/(virtual_server|c_api|cli)/|VsComInterfaces|^vmtask\\.h$" "vhd is below it")
forbid_includes(tasks/virtual_server "vmtask/cli/" "virtual_server is below it")
forbid_includes(tasks/virtual_server "vmtask/c_api/|^vmtask\\.h$" "virtual_server is beside it")
forbid_includes(tasks/c_api "vmtask/cli/" "c_api is below it")
forbid_includes(tasks/c_api "vmtask/virtual_server/|VsComInterfaces" "c_api is beside it")
forbid_includes(tasks/c_api/include "\\.hpp$" "programs in C read it")
foreach(part IN ITEMS engine tasks)
    forbid_includes(${part} "${outside}" "it is outside the part")
endforeach()
foreach(part IN ITEMS tasks/vhd tasks/virtual_server)
    forbid_includes(${part} "^asio(/|\\.hpp)" "of the libraries only the engine knows Asio")
endforeach()
check_core()

set(rooms_below base record time tell run wait gate task)
set(rooms_above "")
while(rooms_below)
    list(POP_BACK rooms_below room)
    forbid_includes(engine/src/${room} "^(\\.\\./)*engine_owner\\.hpp$" "no room knows who owns its parts")
    foreach(above IN LISTS rooms_above)
        forbid_includes(engine/src/${room} "^(\\.\\./)*${above}/" "${room} is below it")
    endforeach()
    list(APPEND rooms_above ${room})
endwhile()

if(violations)
    message(FATAL_ERROR "The direction of dependence is violated:${violations}\n")
endif()
