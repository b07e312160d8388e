// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_child_file.hpp>

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/catch.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace vmtask;
using namespace vmtask::test;

namespace fs = std::filesystem;

TEST_CASE("a new differencing disk is as its parent, or as asked for", "[vhd][chain][create]")
{
    const temporary_folder folder;
    make_parent(folder / "p.vhd");
    vhd::create_child_file(folder / "c.vhd", folder / "p.vhd");
    CHECK(vhd::read_info(folder / "c.vhd").virtual_size == 1U << 20);
    CHECK(vhd::read_info(folder / "c.vhd").block_size == small_block);
    const auto id = vhd::make_uuid();
    vhd::create_child_file(folder / "d.vhd", folder / "p.vhd",
                           {.size_bytes = 3U << 20, .block_size_bytes = 512U << 10, .id = id});
    CHECK(vhd::read_info(folder / "d.vhd").virtual_size == 3U << 20);
    CHECK(vhd::read_info(folder / "d.vhd").block_size == 512U << 10);
    CHECK(vhd::read_info(folder / "d.vhd").id == id);
}

TEST_CASE("a differencing disk that cannot be made leaves nothing of its name", "[vhd][chain][create]")
{
    const temporary_folder folder;
    const auto refusal = [&](const fs::path& parent) {
        return failure_of([&] { vhd::create_child_file(folder / "c.vhd", parent); }).code;
    };
    CHECK(refusal(folder / "absent.vhd") == vhd::errc::no_such_file);
    std::ofstream(folder / "letter.txt") << std::string(5000, 'x');
    CHECK(refusal(folder / "letter.txt") == vhd::errc::not_a_vhd);
    make_parent(folder / "\xFF.vhd");
    CHECK(refusal(folder / "\xFF.vhd") == vhd::errc::unusable_parent_name);
    CHECK_FALSE(fs::exists(folder / "c.vhd"));
    std::ofstream(folder / "c.vhd") << "mine";
    make_parent(folder / "p.vhd");
    CHECK(refusal(folder / "p.vhd") == vhd::errc::already_exists);
    CHECK(fs::file_size(folder / "c.vhd") == 4);
}
