// The compiled part of Debian's libfmt, for static programs: Debian has no archive of it, and its headers alone would
// compile it anew in each file that formats. The templates below are those that fmt 9 declares `extern` or leaves to
// its own source (fmt/format.h, fmt/core.h); one that is missing here is an error of the linker.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template auto locale_ref::get<std::locale>() const -> std::locale;
template auto thousands_sep_impl(locale_ref loc) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref loc) -> char;
template auto dragonbox::to_decimal(float value) noexcept -> dragonbox::decimal_fp<float>;
template auto dragonbox::to_decimal(double value) noexcept -> dragonbox::decimal_fp<double>;
template void buffer<char>::append(const char* begin, const char* end);
template void vformat_to(buffer<char>& out, string_view format, basic_format_args<FMT_BUFFER_CONTEXT(char)> arguments,
                         locale_ref loc);

}  // namespace detail
FMT_END_NAMESPACE
