// SPDX-License-Identifier: BSL-1.0

#pragma once

namespace vmtask::test {

/// Whether a sanitizer runs us, many times as slowly and in far more memory.
///
/// Tests that draw by seeds draw fewer then: what it looks for does not depend
/// on them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
inline constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool is_sanitized = false;
#endif

} // namespace vmtask::test
