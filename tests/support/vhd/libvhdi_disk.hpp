// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <sys/types.h>

namespace vmtask::test {

/// A disk as libvhdi reads it, another implementation of the format, which knows
/// differencing disks.
///
/// The library is loaded at run time: its programs come without what is needed
/// to build with it.
class libvhdi_disk {
public:
    [[nodiscard]] static bool is_installed() { return library() != nullptr; }

    explicit libvhdi_disk(const std::filesystem::path& path)
    {
        check(call<int(void**, void**)>("libvhdi_file_initialize")(&file_, nullptr) == 1, "initialize");
        constexpr int for_reading = 1;
        check(call<int(void*, const char*, int, void**)>("libvhdi_file_open")(file_, path.c_str(), for_reading, nullptr)
                  == 1,
              "open " + path.string());
    }

    libvhdi_disk(const libvhdi_disk&) = delete;
    libvhdi_disk& operator=(const libvhdi_disk&) = delete;
    ~libvhdi_disk() { call<int(void**, void**)>("libvhdi_file_free")(&file_, nullptr); }

    /// It has to be the one whose id the disk names.
    void set_parent(libvhdi_disk& parent)
    {
        check(call<int(void*, void*, void**)>("libvhdi_file_set_parent_file")(file_, parent.file_, nullptr) == 1,
              "set parent");
    }

    [[nodiscard]] std::string parent_name()
    {
        std::string name(1024, '\0');
        check(call<int(void*, char*, std::size_t, void**)>("libvhdi_file_get_utf8_parent_filename")(
                  file_, name.data(), name.size(), nullptr)
                  == 1,
              "get parent's name");
        return name.c_str();
    }

    [[nodiscard]] std::uint64_t size()
    {
        std::uint64_t bytes = 0;
        check(call<int(void*, std::uint64_t*, void**)>("libvhdi_file_get_media_size")(file_, &bytes, nullptr) == 1,
              "get size");
        return bytes;
    }

    [[nodiscard]] std::vector<std::byte> read(std::uint64_t offset, std::uint64_t length)
    {
        std::vector<std::byte> bytes(length);
        const auto read =
            call<ssize_t(void*, void*, std::size_t, std::int64_t, void**)>("libvhdi_file_read_buffer_at_offset");
        // In pages: of a megabyte with many stretches of written sectors it
        // returns some as zeros (20210425).
        constexpr std::uint64_t page = 4096;
        for (std::uint64_t at = 0; at < length;) {
            const std::uint64_t most = std::min(page, length - at);
            const ssize_t count = read(file_, &bytes[at], most, static_cast<std::int64_t>(offset + at), nullptr);
            check(count > 0, "read");
            at += static_cast<std::uint64_t>(count);
        }
        return bytes;
    }

    [[nodiscard]] std::vector<std::byte> contents() { return read(0, size()); }

private:
    static void* library()
    {
        static void* const loaded = ::dlopen("libvhdi.so.1", RTLD_NOW | RTLD_LOCAL);
        return loaded;
    }

    template <class Function>
    static Function* call(const char* name)
    {
        return reinterpret_cast<Function*>(::dlsym(library(), name));
    }

    static void check(bool worked, const std::string& what)
    {
        if (!worked) throw std::runtime_error("libvhdi cannot " + what);
    }

    void* file_ = nullptr;
};

} // namespace vmtask::test
