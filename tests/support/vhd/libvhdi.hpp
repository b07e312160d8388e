// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <dlfcn.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vmtask::test {

/// Reads disks by libvhdi, another implementation of the format, if it is installed.
///
/// Loaded when it is needed, because Debian has its headers in a package of
/// their own and we need five functions.
class libvhdi {
public:
    /// Nothing where the library is not installed.
    static std::optional<libvhdi> load()
    {
        void* const library = ::dlopen("libvhdi.so.1", RTLD_NOW);
        if (library == nullptr) return std::nullopt;
        return libvhdi(library);
    }

    /// What a guest reads from the disk, by libvhdi.
    [[nodiscard]] std::vector<std::byte> contents(const std::string& path) const
    {
        void* file = nullptr;
        require(function<int(void**, void**)>("libvhdi_file_initialize")(&file, nullptr), "initialize");
        const auto release = [this](void* open) { function<int(void**, void**)>("libvhdi_file_free")(&open, nullptr); };
        const std::unique_ptr<void, decltype(release)> held(file, release);
        constexpr int for_reading = 1;
        require(function<int(void*, const char*, int, void**)>("libvhdi_file_open")(file, path.c_str(), for_reading,
                                                                                    nullptr),
                "open " + path);
        std::uint64_t size = 0;
        require(function<int(void*, std::uint64_t*, void**)>("libvhdi_file_get_media_size")(file, &size, nullptr),
                "size");
        std::vector<std::byte> bytes(size);
        const auto read =
            function<ssize_t(void*, void*, std::size_t, off_t, void**)>("libvhdi_file_read_buffer_at_offset");
        for (std::size_t at = 0; at < bytes.size();) {
            const ssize_t count = read(file, &bytes[at], bytes.size() - at, static_cast<off_t>(at), nullptr);
            require(count > 0 ? 1 : 0, "read");
            at += static_cast<std::size_t>(count);
        }
        return bytes;
    }

private:
    explicit libvhdi(void* library) : library_(library) {}

    template <class Function>
    Function* function(const char* name) const
    {
        void* const found = ::dlsym(library_, name);
        if (found == nullptr) throw std::runtime_error(std::string("libvhdi has no ") + name);
        return reinterpret_cast<Function*>(found);
    }

    static void require(int result, const std::string& what)
    {
        if (result != 1) throw std::runtime_error("libvhdi cannot " + what);
    }

    void* library_; // never unloaded
};

} // namespace vmtask::test
