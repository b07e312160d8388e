// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace vmtask::detail {

/// What ends a thread from inside: pthread_exit(), also Python's when the
/// interpreter goes while a body calls back into it. It must be thrown on, or
/// the process is aborted. So it stands before each `catch (...)` around code
/// of the user's, and no noexcept function between that and the thread's begin.
///
/// Asio's coroutines catch it, and so does a `catch (...)` of the user's.
#ifdef __GLIBCXX__
using forced_unwind = abi::__forced_unwind;
#else
class forced_unwind {
    forced_unwind() = delete; // never thrown
};
#endif

} // namespace vmtask::detail
