// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace vmtask::test {

/// While it lives, permissions of files hold for us even if we are root. The
/// folder is opened to everybody.
class without_privileges {
public:
    explicit without_privileges(const std::filesystem::path& folder)
    {
        if (::geteuid() != 0) return;
        permissions(folder, std::filesystem::perms(0755));
        constexpr uid_t nobody = 65534;
        if (::setresuid(nobody, nobody, 0) != 0) throw std::system_error(errno, std::generic_category(), "setresuid");
        dropped_ = true;
    }
    without_privileges(const without_privileges&) = delete;
    without_privileges& operator=(const without_privileges&) = delete;
    ~without_privileges()
    {
        if (dropped_) (void)!::setresuid(0, 0, 0);
    }

private:
    bool dropped_ = false;
};

} // namespace vmtask::test
