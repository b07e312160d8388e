# SPDX-License-Identifier: BSL-1.0
#
# Sets vmtask_other_loops to the examples that await tasks from the loop of another
# library, those whose library is installed, and vmtask_<example>_library to that.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(VMTASK_GLIB QUIET IMPORTED_TARGET glib-2.0)
    pkg_check_modules(VMTASK_SYSTEMD QUIET IMPORTED_TARGET libsystemd)
endif()
find_package(Boost 1.74 QUIET CONFIG)

set(vmtask_glib_loop_library PkgConfig::VMTASK_GLIB)
set(vmtask_sd_event_loop_library PkgConfig::VMTASK_SYSTEMD)
set(vmtask_boost_asio_loop_library Boost::headers)
set(vmtask_other_loops "")
foreach(vmtask_loop IN ITEMS glib_loop sd_event_loop boost_asio_loop)
    if(TARGET ${vmtask_${vmtask_loop}_library})
        list(APPEND vmtask_other_loops ${vmtask_loop})
    else()
        message(STATUS "Without the example ${vmtask_loop}, whose library is not installed")
    endif()
endforeach()
