// SPDX-License-Identifier: BSL-1.0
//
// Asio's classes are in the library and in the programs that use it. If the two
// were compiled with another Asio, or with other macros that say how its classes
// are laid out and behave, they would link and then crash. So each file that
// includes this refers to symbols that are named after these, and that only a
// library compiled with the same has: the linker's message names what differs.
#pragma once

#include <asio/recycling_allocator.hpp>
#include <asio/version.hpp>

#include <string_view>

// clang-format off
/// The macros of which it matters whether they are defined.
#define VMTASK_ASIO_SWITCHES(each)              \
    each(ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING) \
    each(ASIO_DISABLE_SMALL_BLOCK_RECYCLING)     \
    each(ASIO_ENABLE_HANDLER_TRACKING)           \
    each(ASIO_HAS_CO_AWAIT)                      \
    each(ASIO_HAS_EPOLL)                         \
    each(ASIO_HAS_EVENTFD)                       \
    each(ASIO_HAS_IO_URING)                      \
    each(ASIO_HAS_IO_URING_AS_DEFAULT)           \
    each(ASIO_HAS_STD_ALIGNED_ALLOC)             \
    each(ASIO_HAS_THREADS)                       \
    each(ASIO_HAS_TIMERFD)                       \
    each(ASIO_NO_TS_EXECUTORS)                   \
    each(ASIO_NO_TYPEID)                         \
    each(ASIO_USE_TS_EXECUTOR_AS_DEFAULT)

/// Those whose number matters.
#define VMTASK_ASIO_NUMBERS(each)             \
    each(ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE) \
    each(ASIO_VERSION)
// clang-format on

namespace vmtask::detail {

/// A macro that is not defined expands to its own name.
[[nodiscard]] constexpr bool is_defined(std::string_view macro, std::string_view expansion) noexcept
{
    return macro != expansion;
}
#define VMTASK_QUOTED(...) #__VA_ARGS__

// Defined in asio_guard.cpp for what the library is compiled with. The pointers are
// kept by compilers, and by linkers that leave out what nobody uses.
#define VMTASK_REFER_TO_SWITCH(macro)                                                                                  \
    template <bool>                                                                                                    \
    struct [[gnu::visibility("default")]] library_built_with_##macro                                                   \
    {                                                                                                                  \
        static const char here;                                                                                        \
    };                                                                                                                 \
    extern template struct library_built_with_##macro<is_defined(#macro, VMTASK_QUOTED(macro))>;                       \
    [[gnu::used, gnu::retain]] static const char* const guard_of_##macro =                                             \
        &library_built_with_##macro<is_defined(#macro, VMTASK_QUOTED(macro))>::here;
#define VMTASK_REFER_TO_NUMBER(macro)                                                                                  \
    template <int>                                                                                                     \
    struct [[gnu::visibility("default")]] library_built_with_##macro                                                   \
    {                                                                                                                  \
        static const char here;                                                                                        \
    };                                                                                                                 \
    extern template struct library_built_with_##macro<macro>;                                                          \
    [[gnu::used, gnu::retain]] static const char* const guard_of_##macro = &library_built_with_##macro<macro>::here;
VMTASK_ASIO_SWITCHES(VMTASK_REFER_TO_SWITCH)
VMTASK_ASIO_NUMBERS(VMTASK_REFER_TO_NUMBER)
#undef VMTASK_REFER_TO_SWITCH
#undef VMTASK_REFER_TO_NUMBER

} // namespace vmtask::detail
