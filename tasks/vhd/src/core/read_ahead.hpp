// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/guest_reader.hpp>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

namespace vmtask::vhd::detail {

/// Some of a guest's data; empty behind the last.
struct piece_of_data {
    std::uint64_t offset = 0;
    std::span<const std::byte> bytes;
};

/// Reads a guest's data from start to end in a thread of its own, a few buffers
/// ahead of whoever takes it, so that one disk is read while another is written.
///
/// Only that thread uses the guest from the first next() to destruction, which
/// waits for the read in progress.
class read_ahead {
public:
    static constexpr std::uint64_t buffer_size = 2U << 20;

    /// Where the guest says it has nothing but zeros is skipped, unless these are wanted.
    read_ahead(guest_reader& guest, bool with_zeros);
    read_ahead(const read_ahead&) = delete;
    read_ahead& operator=(const read_ahead&) = delete;
    ~read_ahead();

    /// The next data, of which no piece reaches beyond a multiple of buffer_size.
    /// Its bytes begin at a page, as stores like it best, if `offset` is such a
    /// multiple, and last until the next call. After an empty one there is none.
    ///
    /// Errors: the guest's, when all that was read before has been taken.
    [[nodiscard]] piece_of_data next();

private:
    static constexpr std::size_t most_ahead = 4; // 8 MiB

    class buffer {
    public:
        [[nodiscard]] std::span<std::byte> first(std::uint64_t length);

    private:
        std::unique_ptr<std::byte[]> memory_;
    };

    struct filled_buffer {
        buffer memory;
        piece_of_data piece;
    };

    void run() noexcept;
    void read_all();
    [[nodiscard]] filled_buffer* wait_for_room();
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset);

    guest_reader& guest_;
    bool with_zeros_;
    std::uint64_t size_;
    std::array<filled_buffer, most_ahead> buffers_; // used in turn
    bool has_given_ = false;                        // one that is still being used

    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t filled_ = 0; // how many buffers were, ever
    std::uint64_t freed_ = 0;
    bool has_ended_ = false;
    bool is_given_up_ = false;
    std::exception_ptr failure_;

    std::thread thread_; // the last, as it uses all the others
};

} // namespace vmtask::vhd::detail
