// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/file_claims.hpp>

#include "task/disk_task.hpp"

#include <algorithm>
#include <iterator>
#include <sys/stat.h>
#include <utility>

namespace vmtask::vhd {

namespace {

std::string text_of(const struct stat& status)
{
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::optional<std::string> identity_of(const std::filesystem::path& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return text_of(status);
}

std::optional<std::string> identity_of(const file_store& opened)
{
    struct stat status {};
    if (::fstat(opened.descriptor(), &status) != 0) return std::nullopt;
    return text_of(status);
}

std::optional<std::string> file_of(const std::optional<std::string>& identity)
{
    return identity ? std::optional("file " + *identity) : std::nullopt;
}

void add(std::vector<resource_claim>& claims, std::optional<std::string> resource, claim_mode mode)
{
    if (resource) claims.push_back({std::move(*resource), mode});
}

} // namespace

std::optional<std::string> file_resource(const std::filesystem::path& path)
{
    return file_of(identity_of(path));
}

std::optional<std::string> name_resource(const std::filesystem::path& path)
{
    const auto folder = identity_of(path.has_parent_path() ? path.parent_path() : ".");
    return folder ? std::optional("name " + *folder + "/" + path.filename().string()) : std::nullopt;
}

std::vector<resource_claim> file_claims(const std::filesystem::path& path, claim_mode mode)
{
    std::vector<resource_claim> claims;
    add(claims, file_resource(path), mode);
    add(claims, name_resource(path), mode);
    return claims;
}

namespace detail {

void describe(task_options& about, std::string_view kind, std::string description)
{
    if (about.kind.empty()) about.kind = kind;
    if (about.description.empty()) about.description = std::move(description);
}

void claim(task_options& about, const std::filesystem::path& path, claim_mode mode)
{
    std::vector<resource_claim> claims = file_claims(path, mode);
    std::ranges::move(claims, std::back_inserter(about.claims));
}

void claim(task_options& about, const file_store& opened, claim_mode mode)
{
    add(about.claims, file_of(identity_of(opened)), mode);
    add(about.claims, name_resource(opened.name()), mode);
}

void claim(task_options& about, disk_chain& opened, std::size_t written)
{
    for (std::size_t link = 0; link < opened.links().size(); ++link)
        claim(about, opened.store(link), link < written ? claim_mode::exclusive : claim_mode::shared);
}

void claim_parent(task_options& about, const chain_options& chain, claim_mode mode)
{
    if (chain.parent) claim(about, *chain.parent, mode);
}

} // namespace detail

} // namespace vmtask::vhd
