# SPDX-License-Identifier: BSL-1.0
#
# Finds the standalone, header-only Asio and makes the target asio::asio, which
# brings the include path, ASIO_STANDALONE and threads. Installed next to
# vmtask's package configuration, so consumers get the same target.
#
# A target asio::asio that already exists (made by a package manager) is kept.

find_package(Threads REQUIRED)

find_path(Asio_INCLUDE_DIR asio.hpp)
mark_as_advanced(Asio_INCLUDE_DIR)

if(Asio_INCLUDE_DIR)
    file(STRINGS "${Asio_INCLUDE_DIR}/asio/version.hpp" asio_version_line
        REGEX "^#define ASIO_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" asio_version_number "${asio_version_line}")
    math(EXPR asio_major "${asio_version_number} / 100000")
    math(EXPR asio_minor "${asio_version_number} / 100 % 1000")
    math(EXPR asio_patch "${asio_version_number} % 100")
    set(Asio_VERSION "${asio_major}.${asio_minor}.${asio_patch}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Asio
    REQUIRED_VARS Asio_INCLUDE_DIR
    VERSION_VAR Asio_VERSION)

if(Asio_FOUND AND NOT TARGET asio::asio)
    add_library(asio::asio INTERFACE IMPORTED)
    target_include_directories(asio::asio SYSTEM INTERFACE "${Asio_INCLUDE_DIR}")
    target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE)
    target_link_libraries(asio::asio INTERFACE Threads::Threads)
    # Older Asio sees std::aligned_alloc only when a standard header comes before
    # its own first header. Two files that differ in this allocate with one
    # function and free with another.
    if(Asio_VERSION VERSION_LESS 1.30)
        target_compile_definitions(asio::asio INTERFACE ASIO_HAS_STD_ALIGNED_ALLOC=1)
    endif()
    # Before 1.26 Asio takes Clang's coroutines for absent, because it looks for
    # the header <experimental/coroutine>.
    if(Asio_VERSION VERSION_LESS 1.26)
        target_compile_definitions(asio::asio INTERFACE
            "$<$<COMPILE_LANG_AND_ID:CXX,Clang,AppleClang>:ASIO_HAS_CO_AWAIT=1>")
    endif()
endif()
