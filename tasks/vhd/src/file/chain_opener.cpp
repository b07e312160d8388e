// SPDX-License-Identifier: BSL-1.0

#include "file/chain_opener.hpp"

#include <vmtask/vhd/error.hpp>

#include "core/fail.hpp"
#include "file/file_time.hpp"
#include "file/parent_paths.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include <sys/stat.h>

namespace vmtask::vhd::detail {

namespace {

/// Nothing if there is no such file.
std::optional<struct stat> look_at(const std::filesystem::path& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return status;
}

/// By the time of the file, or by that in its footer: writers note either.
bool seems_changed(const parent_reference& noted, const opened_image& parent)
{
    return noted.timestamp != parent.footer.timestamp
        && noted.timestamp != time_of(parent.store->descriptor()).value_or(noted.timestamp);
}

/// Where the disk is, and where it is after all symbolic links.
std::vector<std::filesystem::path> folders_of(const std::filesystem::path& disk)
{
    std::vector<std::filesystem::path> folders{disk.parent_path()};
    std::error_code error;
    const auto folder = std::filesystem::canonical(folders.front().empty() ? "." : folders.front(), error);
    const auto real = std::filesystem::canonical(disk, error).parent_path();
    if (!error && real != folder) folders.push_back(real);
    return folders;
}

} // namespace

chain_opener::chain_opener(const std::filesystem::path& disk, chain_access access, const chain_options& options)
    : access_(access), options_(options)
{
    open(disk, parent_source::given);
}

file_access chain_opener::access_of_next() const noexcept
{
    const std::size_t writable = access_ == chain_access::write_child_pair ? 2
        : access_ == chain_access::write_child                             ? 1
                                                                           : 0;
    return images_.size() < writable ? file_access::write : file_access::read;
}

void chain_opener::open(const std::filesystem::path& path, parent_source source)
{
    opened_image image;
    image.store = std::make_unique<file_store>(path, access_of_next());
    const layout disk = read_layout(*image.store);
    image.link.path = path;
    image.link.found_by = source;
    image.link.info = describe(disk);
    image.footer = disk.footer;
    image.header = disk.header;
    if (disk.footer.type == disk_type::differencing) image.parent = read_parent_reference(*image.store, disk);

    struct stat status {};
    if (::fstat(image.store->descriptor(), &status) == 0) {
        identities_.emplace_back(status.st_dev, status.st_ino);
        image.link.info.allocated_on_host = static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    images_.push_back(std::move(image));
}

bool chain_opener::open_next()
{
    if (!images_.back().parent) return false;
    if (images_.size() == longest_chain) fail(*images_.front().store, errc::chain_too_long);
    first_failure_ = nullptr;
    const std::vector<candidate> all = candidates();
    if (std::ranges::any_of(all, [this](const candidate& where) { return try_parent(where); })) return true;
    if (first_failure_) std::rethrow_exception(first_failure_);
    fail_not_found(all);
}

/// A file that is not the parent does not end the search, for another place may
/// have it; it is told of if none has.
bool chain_opener::try_parent(const candidate& where)
{
    try {
        return is_parent(where);
    } catch (const std::system_error& error) {
        if (error.code() == errc::no_such_file && where.source != parent_source::given) return false;
        if (!first_failure_) first_failure_ = std::current_exception();
        return false;
    }
}

/// Opens it; if it is another disk, closes it again and fails.
bool chain_opener::is_parent(const candidate& where)
{
    refuse_cycle(where.path);
    open(where.path, where.source);
    opened_image& parent = images_.back();
    const opened_image& child = images_[images_.size() - 2];
    if (parent.footer.id == child.parent->id || (ignores_first_id_ && images_.size() == 2)) {
        parent.link.seems_changed = seems_changed(*child.parent, parent);
        return true;
    }
    const std::string detail = where.path.string() + " has the id " + to_string(parent.footer.id)
        + " and not the parent's, " + to_string(child.parent->id);
    images_.pop_back();
    identities_.pop_back();
    fail(*images_.back().store, errc::wrong_parent, detail);
}

void chain_opener::refuse_cycle(const std::filesystem::path& path) const
{
    const auto status = look_at(path);
    if (!status) return;
    if (std::ranges::find(identities_, identity(status->st_dev, status->st_ino)) != identities_.end())
        fail(*images_.back().store, errc::parent_cycle, "its parent is " + path.string());
}

/// Where the parent of the last image may be.
std::vector<chain_opener::candidate> chain_opener::candidates() const
{
    const opened_image& child = images_.back();
    if (images_.size() == 1 && options_.parent) return {{*options_.parent, parent_source::given}};

    std::vector<candidate> all;
    const auto add = [&](const std::filesystem::path& path, parent_source source) {
        if (std::ranges::find(all, path, &candidate::path) == all.end()) all.push_back({path, source});
    };
    const auto folders = folders_of(child.link.path);
    for (const std::string& text : child.parent->relative_paths)
        for (const auto& folder : folders)
            for (const auto& path : as_paths(text))
                if (path.is_relative()) add((folder / path).lexically_normal(), parent_source::relative_path);
    for (const std::string& text : child.parent->absolute_paths)
        for (const auto& path : as_paths(text))
            if (path.is_absolute()) add(path, parent_source::absolute_path);

    std::vector<std::string> names{child.parent->name};
    names.insert(names.end(), child.parent->relative_paths.begin(), child.parent->relative_paths.end());
    names.insert(names.end(), child.parent->absolute_paths.begin(), child.parent->absolute_paths.end());
    for (const std::string& name : names)
        for (const auto& folder : folders)
            if (!last_part(name).empty()) add((folder / last_part(name)).lexically_normal(), parent_source::name);
    return all;
}

void chain_opener::fail_not_found(const std::vector<candidate>& looked_at) const
{
    std::string places;
    for (const candidate& where : looked_at)
        if (where.path.string().find('\\') == std::string::npos)
            places += (places.empty() ? "" : ", ") + where.path.string();
    const opened_image& child = images_.back();
    fail(*child.store, errc::parent_not_found,
         places.empty() ? "it does not say where its parent is, which has the id " + to_string(child.parent->id)
                        : "there is no " + places);
}

} // namespace vmtask::vhd::detail
