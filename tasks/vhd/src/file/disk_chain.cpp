// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/disk_chain.hpp>

#include "file/chain_opener.hpp"

#include <algorithm>
#include <utility>

namespace vmtask::vhd {

struct disk_chain::member {
    member(detail::opened_image& image, guest_reader* below)
        : store(std::move(image.store)), beneath(below), reader(*store, image.footer, image.header, below)
    {
    }

    std::unique_ptr<file_store> store;
    guest_reader* beneath;
    image_reader reader;
};

std::string_view to_string(parent_source source) noexcept
{
    switch (source) {
    case parent_source::given: return "given";
    case parent_source::relative_path: return "relative path";
    case parent_source::absolute_path: return "absolute path";
    case parent_source::name: break;
    }
    return "name";
}

disk_chain::disk_chain(const std::filesystem::path& disk, chain_access access, const chain_options& options)
{
    detail::chain_opener opener(disk, access, options);
    while (opener.open_next()) {
    }
    std::vector<detail::opened_image>& images = opener.images();
    members_.resize(images.size());
    guest_reader* beneath = nullptr;
    for (std::size_t i = images.size(); i-- > 0;) {
        members_[i] = std::make_unique<member>(images[i], beneath);
        beneath = &members_[i]->reader;
    }
    for (detail::opened_image& image : images) links_.push_back(std::move(image.link));
}

disk_chain::disk_chain(disk_chain&&) noexcept = default;
disk_chain& disk_chain::operator=(disk_chain&&) noexcept = default;
disk_chain::~disk_chain() = default;

bool disk_chain::seems_changed() const noexcept
{
    return std::ranges::any_of(links_, &chain_link::seems_changed);
}

file_store& disk_chain::store(std::size_t link) noexcept
{
    return *members_[link]->store;
}

image_reader& disk_chain::reader(std::size_t link) noexcept
{
    return members_[link]->reader;
}

guest_reader* disk_chain::beneath(std::size_t link) noexcept
{
    return members_[link]->beneath;
}

} // namespace vmtask::vhd
