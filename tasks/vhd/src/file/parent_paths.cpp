// SPDX-License-Identifier: BSL-1.0

#include "file/parent_paths.hpp"

#include <algorithm>

namespace vmtask::vhd::detail {

std::vector<std::filesystem::path> as_paths(std::string_view text)
{
    std::vector<std::filesystem::path> paths{std::string(text)};
    if (text.find('\\') == std::string_view::npos) return paths;
    std::string ours(text);
    std::ranges::replace(ours, '\\', '/');
    paths.emplace_back(ours);
    return paths;
}

std::string last_part(std::string_view text)
{
    const auto separator = text.find_last_of("/\\");
    return std::string(separator == std::string_view::npos ? text : text.substr(separator + 1));
}

std::string relative_path_to(const std::filesystem::path& file, const std::filesystem::path& folder)
{
    std::string way = file.lexically_relative(folder).string();
    if (!way.starts_with("../")) way.insert(0, "./");
    if (way.find('\\') == std::string::npos) std::ranges::replace(way, '/', '\\');
    return way;
}

} // namespace vmtask::vhd::detail
