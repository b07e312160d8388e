// SPDX-License-Identifier: BSL-1.0

#include "core/read_ahead.hpp"

#include <algorithm>
#include <utility>

namespace vmtask::vhd::detail {

std::span<std::byte> read_ahead::buffer::first(std::uint64_t length)
{
    constexpr std::size_t page = 4096;
    std::size_t space = buffer_size + page;
    if (!memory_) memory_ = std::make_unique_for_overwrite<std::byte[]>(space);
    void* begin = memory_.get();
    std::align(page, buffer_size, begin, space);
    return {static_cast<std::byte*>(begin), length};
}

read_ahead::read_ahead(guest_reader& guest, bool with_zeros)
    : guest_(guest), with_zeros_(with_zeros), size_(guest.size())
{
}

read_ahead::~read_ahead()
{
    {
        const std::lock_guard lock(mutex_);
        is_given_up_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

piece_of_data read_ahead::next()
{
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    std::unique_lock lock(mutex_);
    if (std::exchange(has_given_, false)) ++freed_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return filled_ > freed_ || has_ended_; });
    if (filled_ > freed_) {
        has_given_ = true;
        return buffers_[freed_ % most_ahead].piece;
    }
    lock.unlock();
    // So that nobody else holds the failure while it is thrown.
    thread_.join();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return {};
}

void read_ahead::run() noexcept
{
    std::exception_ptr failure;
    try {
        read_all();
    } catch (...) {
        failure = std::current_exception();
    }
    {
        const std::lock_guard lock(mutex_);
        failure_ = std::move(failure);
        has_ended_ = true;
    }
    changed_.notify_all();
}

void read_ahead::read_all()
{
    for (std::uint64_t at = next_data(0); at < size_; at = next_data(at)) {
        filled_buffer* const into = wait_for_room();
        if (into == nullptr) return;
        const auto bytes = into->memory.first(std::min(buffer_size - at % buffer_size, size_ - at));
        guest_.read(at, bytes);
        into->piece = {at, bytes};
        at += bytes.size();
        {
            const std::lock_guard lock(mutex_);
            ++filled_;
        }
        changed_.notify_all();
    }
}

/// Null if there will be none.
read_ahead::filled_buffer* read_ahead::wait_for_room()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_given_up_ || filled_ - freed_ < most_ahead; });
    return is_given_up_ ? nullptr : &buffers_[filled_ % most_ahead];
}

std::uint64_t read_ahead::next_data(std::uint64_t offset)
{
    return with_zeros_ ? offset : guest_.next_data(offset);
}

} // namespace vmtask::vhd::detail
