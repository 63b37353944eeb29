// Purpose: whether a test runs under a sanitizer, which takes several times as long: then rounds of the same code are
// fewer, and what only counts outcomes of a thousand rounds is left to the build without one.
#pragma once

namespace tidemark {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

}  // namespace tidemark
