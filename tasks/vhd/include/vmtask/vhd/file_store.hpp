// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace vmtask::vhd {

/// How a file is opened, and with whom it is shared meanwhile.
enum class file_access {
    read,  // with other readers
    write, // with nobody
};

/// A regular file, locked as long as it is open.
///
/// The locks are those of QEMU: while we have a file, a QEMU that wants it for
/// writing, or at all while we write, is refused, and the other way round. They
/// hold between any two of us too, in one process or several.
class file_store final : public byte_store {
public:
    /// Opens an existing file.
    ///
    /// Errors: no_such_file, is_directory, not_a_regular_file, access_denied,
    /// read_only, in_use, no_locks (the file system has none).
    file_store(const std::filesystem::path& path, file_access access);

    /// Takes over an open descriptor, without locking; `path` is for messages.
    file_store(int descriptor, const std::filesystem::path& path);

    file_store(const file_store&) = delete;
    file_store& operator=(const file_store&) = delete;
    ~file_store() override;

    [[nodiscard]] std::uint64_t size() override;
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    void write(std::uint64_t offset, std::span<const std::byte> from) override;
    void flush() override;
    void truncate(std::uint64_t size) override;
    [[nodiscard]] bool allocate(std::uint64_t offset, std::uint64_t length) override;
    [[nodiscard]] bool punch(std::uint64_t offset, std::uint64_t length) override;
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override;
    [[nodiscard]] std::uint64_t next_hole(std::uint64_t offset) override;
    [[nodiscard]] const std::string& name() const override { return name_; }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// From now on sends large writes to the device at once and past the system's
    /// cache, where the file system can, which is several times as fast where all
    /// has to be flushed in the end. For files that are written once and in order.
    void write_through() noexcept;

    /// Tells the system that it will be read from its start to its end.
    void read_ahead() const noexcept;

private:
    void begin_writing(std::uint64_t written) noexcept;

    std::string name_;
    int descriptor_ = -1;
    bool writes_through_ = false;
    int direct_ = -1;             // the same file past the cache; -1 if that cannot be
    std::uint64_t begun_ = 0;     // up to here the device has been told to write
    bool may_have_shrunk_ = true; // since the last flush, which may have been another's
};

} // namespace vmtask::vhd
