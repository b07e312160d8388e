# SPDX-License-Identifier: BSL-1.0
#
# Runs the check on a small tree, once as it should be and once per violation.

cmake_minimum_required(VERSION 3.25)

set(core_source tasks/vhd/src/core/format.cpp)
set(core_header tasks/vhd/include/vmtask/vhd/format.hpp)

function(write_sound_tree)
    file(REMOVE_RECURSE "${SCRATCH}")
    file(WRITE "${SCRATCH}/engine/include/vmtask/engine.hpp" "#include <asio/post.hpp>\n")
    file(WRITE "${SCRATCH}/${core_header}" "#include <vector>\n")
    file(WRITE "${SCRATCH}/${core_source}" "#include <vmtask/vhd/format.hpp>\n")
    file(WRITE "${SCRATCH}/tasks/vhd/include/vmtask/vhd/file.hpp" "#include <filesystem>\n")
    file(WRITE "${SCRATCH}/tasks/vhd/src/compact.cpp" "#include <vmtask/engine.hpp>\n")
    file(WRITE "${SCRATCH}/tasks/virtual_server/src/task.cpp" "#include <vmtask/vhd/file.hpp>\n")
    file(WRITE "${SCRATCH}/tasks/c_api/include/vmtask.h" "#include <stdint.h>\n")
    file(WRITE "${SCRATCH}/tasks/c_api/src/wait.cpp" "#include <vmtask/engine.hpp>\n#include <asio/error.hpp>\n")
endfunction()

function(run_check result message)
    execute_process(
        COMMAND "${CMAKE_COMMAND}" -D "ROOT=${SCRATCH}" -D "CORE_FILES=${SCRATCH}/${core_source}" -P "${CHECK}"
        RESULT_VARIABLE status ERROR_VARIABLE text)
    set(${result} "${status}" PARENT_SCOPE)
    set(${message} "${text}" PARENT_SCOPE)
endfunction()

function(expect_violation file line expected)
    write_sound_tree()
    file(APPEND "${SCRATCH}/${file}" "${line}\n")
    run_check(result message)
    string(FIND "${message}" "${expected}" position)
    if(result EQUAL 0 OR position EQUAL -1)
        message(SEND_ERROR "'${line}' in ${file}: expected '${expected}', got ${result}: ${message}")
    endif()
endfunction()

write_sound_tree()
run_check(result message)
if(NOT result EQUAL 0)
    message(SEND_ERROR "the sound tree was refused: ${message}")
endif()

expect_violation(engine/include/vmtask/engine.hpp "#include <vmtask/vhd/format.hpp>" "the engine is below it")
expect_violation(engine/include/vmtask/engine.hpp "// for vmtask::vhd" "the engine knows no disk")
expect_violation(engine/CMakeLists.txt "target_link_libraries(x vmtask_vhd)" "the engine knows no disk")
expect_violation(engine/src/engine.cpp "#include \"../../tasks/vhd/x.hpp\"" "outside the part")
expect_violation(tasks/vhd/src/compact.cpp "#include <vmtask/virtual_server/x.hpp>" "vhd is below it")
expect_violation(tasks/vhd/src/compact.cpp "#include <asio.hpp>" "only the engine knows Asio")
expect_violation(tasks/vhd/src/compact.cpp "#include \"support/gate.hpp\"" "outside the part")
expect_violation(tasks/virtual_server/src/task.cpp "#include <vmtask/cli/x.hpp>" "virtual_server is below it")
expect_violation(tasks/vhd/src/compact.cpp "#include <vmtask.h>" "vhd is below it")
expect_violation(tasks/virtual_server/src/task.cpp "#include <vmtask.h>" "virtual_server is beside it")
expect_violation(tasks/c_api/src/wait.cpp "#include <VsComInterfaces.h>" "c_api is beside it")
expect_violation(tasks/c_api/include/vmtask.h "#include <vmtask/engine.hpp>" "programs in C read it")
expect_violation(${core_source} "#include <vmtask/engine.hpp>" "knows no other part")
expect_violation(${core_source} "#include <asio/post.hpp>" "knows no Asio")
expect_violation(${core_source} "#  include <sys/stat.h>" "knows no files")
expect_violation(${core_header} "#include <fstream>" "knows no files")
expect_violation(${core_header} "#include <vmtask/vhd/file.hpp>" "file.hpp: includes <filesystem>")
