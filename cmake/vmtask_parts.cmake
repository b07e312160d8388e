# SPDX-License-Identifier: BSL-1.0
#
# What the parts' CMakeLists are made of.
#
#   vmtask_add_library(<name>
#       HEADERS   include/vmtask/a.hpp ...   public, below include/
#       SOURCES   src/a.cpp ...              private headers need no mention
#       LIBRARIES vmtask::engine ...         what the public headers need
#       [PRIVATE_LIBRARIES ...]              what only the sources need
#       [OBJECTS vmtask_<name>_core ...]     object libraries that become part of it
#       [INTERFACE_STANDARD 14])             of C++ for users of the headers, default 20
#
# makes the target vmtask_<name>, its alias vmtask::<name>, and the rules that
# install it: component <name> of find_package(vmtask), and vmtask-<name>.pc
# ("_" written "-"). Sources see src/ as an include directory.
#
#   vmtask_add_core(<name> HEADERS ... SOURCES ... [LIBRARIES ...])
#
# makes the object library vmtask_<name> for OBJECTS above: same arguments, same
# include directories, nothing installed, because the library that owns it
# installs its headers.

include(GNUInstallDirs)

function(vmtask_set_up_target target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/src")
        target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    endif()
endfunction()

function(vmtask_add_core name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;LIBRARIES")
    set(target vmtask_${name})
    add_library(${target} OBJECT ${arg_SOURCES} ${arg_HEADERS})
    vmtask_set_up_target(${target})
    target_include_directories(${target} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_link_libraries(${target} PUBLIC ${arg_LIBRARIES})
    if(BUILD_SHARED_LIBS)
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
endfunction()

function(vmtask_add_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "INTERFACE_STANDARD"
        "HEADERS;SOURCES;LIBRARIES;PRIVATE_LIBRARIES;OBJECTS")
    if(NOT arg_INTERFACE_STANDARD)
        set(arg_INTERFACE_STANDARD 20)
    endif()

    set(target vmtask_${name})
    add_library(${target} ${arg_SOURCES})
    add_library(vmtask::${name} ALIAS ${target})
    vmtask_set_up_target(${target})
    target_compile_features(${target} INTERFACE cxx_std_${arg_INTERFACE_STANDARD})
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
    target_link_libraries(${target} PUBLIC ${arg_LIBRARIES})
    # Named in full, so that a user of the installed package may ask for the
    # libraries that a static one needs at link time.
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_LIBRARIES})
    foreach(objects IN LISTS arg_OBJECTS)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endforeach()
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name}
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()
