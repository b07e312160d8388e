# SPDX-License-Identifier: BSL-1.0
#
# What the parts' CMakeLists are made of.
#
#   vmtask_add_library(<name>
#       HEADERS   include/vmtask/a.hpp ...   public, below include/
#       SOURCES   src/a.cpp ...              private headers need no mention
#       LIBRARIES vmtask::engine ...         what the public headers need
#       [PRIVATE_LIBRARIES ...]              what only the sources need
#       [OBJECTS vmtask_<name>_core ...]     from vmtask_add_core, become part of it
#       [INTERFACE_STANDARD 14])             of C++ for users of the headers, default 20
#
# makes the target vmtask_<name>, its alias vmtask::<name>, and the rules that
# install it: component <name> of find_package(vmtask), and vmtask-<name>.pc
# ("_" written "-"). Sources see src/ as an include directory. The libraries may
# be parts of vmtask, asio::asio and Threads::Threads; anything else would be
# missing where the package is installed.
#
#   vmtask_add_core(<name> SOURCES ... [HEADERS ...] [LIBRARIES ...])
#
# makes the object library vmtask_<name> for OBJECTS above. Nothing of it is
# installed: the library that owns it lists its public headers. The build fails
# when a core's file includes, even indirectly, Asio, the engine or the system's
# file functions; see check_layers.cmake.
#
#   vmtask_add_c_library(<name>
#       OUTPUT_NAME vmtask                   of the file, libvmtask.so
#       SOVERSION 0                          changes when a program must be linked anew
#       VERSION_SCRIPT src/vmtask.map        all symbols that others see
#       HEADERS ... SOURCES ...
#       PRIVATE_LIBRARIES vmtask::engine ...)
#
# makes a part for C: always a shared library, which carries the parts that it is
# made of and shows none of them. Component and alias are as above, and users of
# the headers need no C++.
#
#   vmtask_install_package()
#
# is called once, after the last part.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(vmtask_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/vmtask")
set(vmtask_cmake_dir "${CMAKE_CURRENT_LIST_DIR}")

function(vmtask_set_up_target target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    # The shared library for C is made of the static ones. Nobody replaces a
    # function of theirs from outside, so they call each other as in a program.
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
    # Each in a section of its own, so that programs can leave out what they do not use.
    target_compile_options(${target} PRIVATE -fno-semantic-interposition -ffunction-sections -fdata-sections)
    if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/src")
        target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    endif()
endfunction()

function(vmtask_add_core name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;LIBRARIES")
    set(target vmtask_${name})
    add_library(${target} OBJECT ${arg_SOURCES})
    vmtask_set_up_target(${target})
    target_include_directories(${target} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_link_libraries(${target} PUBLIC ${arg_LIBRARIES})

    list(TRANSFORM arg_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    list(TRANSFORM arg_HEADERS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    set_property(GLOBAL APPEND PROPERTY vmtask_core_files ${arg_SOURCES} ${arg_HEADERS})
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
    target_link_libraries(${target} PUBLIC ${arg_LIBRARIES} PRIVATE ${arg_PRIVATE_LIBRARIES})
    foreach(objects IN LISTS arg_OBJECTS)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endforeach()
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name}
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

    if(VMTASK_INSTALL)
        vmtask_install_library(${name} ${arg_LIBRARIES} ${arg_PRIVATE_LIBRARIES})
    endif()
endfunction()

function(vmtask_add_c_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_NAME;SOVERSION;VERSION_SCRIPT"
        "HEADERS;SOURCES;PRIVATE_LIBRARIES")
    set(target vmtask_${name})
    set(version_script "${CMAKE_CURRENT_SOURCE_DIR}/${arg_VERSION_SCRIPT}")
    add_library(${target} SHARED ${arg_SOURCES})
    add_library(vmtask::${name} ALIAS ${target})
    vmtask_set_up_target(${target})
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_LIBRARIES})
    target_link_options(${target} PRIVATE "LINKER:--version-script=${version_script}")
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name}
        OUTPUT_NAME ${arg_OUTPUT_NAME}
        VERSION ${PROJECT_VERSION}
        SOVERSION ${arg_SOVERSION}
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS "${version_script}")

    if(VMTASK_INSTALL)
        set(needed "")
        if(BUILD_SHARED_LIBS)
            set(needed ${arg_PRIVATE_LIBRARIES})
        endif()
        vmtask_install_library(${name} ${needed})
    endif()
endfunction()

function(vmtask_install_library name)
    set(parts ${ARGN})
    list(FILTER parts INCLUDE REGEX "^vmtask::")
    list(TRANSFORM parts REPLACE "^vmtask::" "")
    set_property(GLOBAL APPEND PROPERTY vmtask_components ${name})
    set_property(GLOBAL PROPERTY vmtask_needs_${name} "${parts}")

    install(TARGETS vmtask_${name} EXPORT vmtask_${name}
        ARCHIVE COMPONENT vmtask_${name}
        LIBRARY COMPONENT vmtask_${name}
        RUNTIME COMPONENT vmtask_${name}
        FILE_SET HEADERS COMPONENT vmtask_${name})
    install(EXPORT vmtask_${name}
        NAMESPACE vmtask::
        FILE vmtask-${name}.cmake
        DESTINATION "${vmtask_package_dir}"
        COMPONENT vmtask_${name})

    vmtask_configure_pkg_config(${name} "${ARGN}")
endfunction()

# Everything a static library needs must be named again at link time, so all of
# it is in Requires; a shared one carries it, and pkg-config --libs merely links
# a little more than it must.
function(vmtask_configure_pkg_config name libraries)
    set(requires "")
    set(cflags "")
    set(libs "")
    if(name STREQUAL "engine" AND VMTASK_CHECK_LOCKS)
        string(APPEND cflags " -DVMTASK_CHECK_LOCKS")
    endif()
    foreach(library IN LISTS libraries)
        if(library MATCHES "^vmtask::(.*)")
            string(REPLACE "_" "-" required "vmtask-${CMAKE_MATCH_1}")
            list(APPEND requires "${required} = ${PROJECT_VERSION}")
        elseif(library STREQUAL "asio::asio")
            string(APPEND cflags " ${vmtask_asio_cflags}")
            string(APPEND libs " -pthread")
        elseif(library STREQUAL "Threads::Threads")
            string(APPEND cflags " -pthread")
            string(APPEND libs " -pthread")
        else()
            message(FATAL_ERROR "vmtask_add_library(${name}): ${library} cannot be installed")
        endif()
    endforeach()
    list(JOIN requires ", " requires)
    file(RELATIVE_PATH prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" prefix "${prefix}")

    get_target_property(library vmtask_${name} OUTPUT_NAME)
    if(NOT library)
        set(library vmtask_${name})
    endif()
    string(REPLACE "_" "-" package "vmtask-${name}")
    configure_file("${vmtask_cmake_dir}/vmtask.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/${package}.pc" @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${package}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT vmtask_${name})
endfunction()

# What asio::asio says to CMake, said to pkg-config. A .pc file cannot ask which
# compiler reads it; g++ sets ASIO_HAS_CO_AWAIT by itself, so it does no harm.
function(vmtask_find_asio_cflags result)
    set(cflags "-DASIO_STANDALONE -pthread")
    if(Asio_VERSION AND Asio_VERSION VERSION_LESS 1.30)
        string(APPEND cflags " -DASIO_HAS_STD_ALIGNED_ALLOC=1")
    endif()
    if(Asio_VERSION AND Asio_VERSION VERSION_LESS 1.26)
        string(APPEND cflags " -DASIO_HAS_CO_AWAIT=1")
    endif()
    if(Asio_INCLUDE_DIR AND NOT Asio_INCLUDE_DIR IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
        string(APPEND cflags " -I${Asio_INCLUDE_DIR}")
    endif()
    set(${result} "${cflags}" PARENT_SCOPE)
endfunction()

function(vmtask_install_package)
    get_property(vmtask_components GLOBAL PROPERTY vmtask_components)
    set(vmtask_needs "")
    foreach(component IN LISTS vmtask_components)
        get_property(needs GLOBAL PROPERTY vmtask_needs_${component})
        string(APPEND vmtask_needs "set(vmtask_needs_${component} ${needs})\n")
    endforeach()

    configure_package_config_file("${vmtask_cmake_dir}/vmtask-config.cmake.in"
        "${PROJECT_BINARY_DIR}/vmtask-config.cmake"
        INSTALL_DESTINATION "${vmtask_package_dir}"
        NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/vmtask-config-version.cmake"
        COMPATIBILITY SameMinorVersion)
    # With each part that can be installed without another.
    foreach(component IN ITEMS engine c_api)
        install(FILES
                "${PROJECT_BINARY_DIR}/vmtask-config.cmake"
                "${PROJECT_BINARY_DIR}/vmtask-config-version.cmake"
                "${vmtask_cmake_dir}/FindAsio.cmake"
            DESTINATION "${vmtask_package_dir}"
            COMPONENT vmtask_${component})
    endforeach()
endfunction()
