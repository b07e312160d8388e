// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>

#include "disk.hpp"
#include "vmtask_program.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

TEST_CASE("create makes the disk that was asked for", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "new.vhd").string();
    vmtask_program run({"create", "--type", "dynamic", "--size", "10G", "--block-size", "512K", disk});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    CHECK_THAT(run.out(), StartsWith(disk + ": created, 10 GiB"));

    const auto info = vmtask::vhd::read_info(disk);
    CHECK(info.type == vmtask::vhd::disk_type::dynamic);
    CHECK(info.virtual_size == std::uint64_t{10} << 30);
    CHECK(info.block_size == 512U << 10);
}

TEST_CASE("create does not touch a file that exists", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "letter.txt").string();
    std::ofstream(disk) << "dear reader";
    vmtask_program run({"create", "--size", "1G", disk});
    CHECK(run.exit_code() == 1);
    CHECK_THAT(run.err(), StartsWith(disk + ": ") && ContainsSubstring("exists"));
    CHECK(std::filesystem::file_size(disk) == 11);
}

TEST_CASE("compact makes the file shorter and leaves the guest its data", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const auto before = std::filesystem::file_size(disk);
    const auto data = guest_data(disk);

    vmtask_program run({"compact", disk});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    CHECK_THAT(run.out(), ContainsSubstring("100 %") && ContainsSubstring("12 blocks: 8 freed"));
    CHECK(std::filesystem::file_size(disk) < before / 2);
    CHECK(is_same(guest_data(disk), data));
}

TEST_CASE("info tells what there is to know", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program run({"info", disk});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    CHECK_THAT(run.out(),
               ContainsSubstring(disk) && ContainsSubstring("dynamic") && ContainsSubstring("8 MiB")
                   && ContainsSubstring("512 KiB") && ContainsSubstring("12 of 16 allocated"));
}

TEST_CASE("what is not a terminal gets no control characters", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "a\033[31m\tb\n.vhd").string();
    make_worn_disk(disk);
    for (const char* const command : {"compact", "info"}) {
        vmtask_program run({command, disk});
        CHECK(run.exit_code() == 0);
        CHECK(std::ranges::none_of(run.out(), [](char c) { return (c < ' ' && c != '\n') || c == '\x7f'; }));
        CHECK_THAT(run.out(), ContainsSubstring("a\\x1b[31m\\tb\\n.vhd"));
    }
}

TEST_CASE("quiet is quiet", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program compact({"compact", "--quiet", disk});
    CHECK(compact.exit_code() == 0);
    vmtask_program info({"--quiet", "info", disk});
    CHECK(info.exit_code() == 0);
    CHECK((compact.out() + compact.err() + info.out() + info.err()).empty());
}

TEST_CASE("quiet is not silent about failures", "[cli]")
{
    vmtask_program run({"info", "--quiet", "/nowhere/a.vhd"});
    CHECK(run.exit_code() == 1);
    CHECK_THAT(run.err(), StartsWith("/nowhere/a.vhd: "));
}

TEST_CASE("a refusal is one line that names the file and the reason", "[cli]")
{
    const std::string command = GENERATE("compact", "info");
    const auto [name, reason] = GENERATE(table<std::string, std::string>({
        {"absent.vhd", "no such file"},
        {".", "folder"},
        {"/dev/null", "not a regular file"},
        {"letter.txt", "VHD"},
        {"empty.vhd", "empty"},
    }));
    temporary_folder folder;
    std::ofstream((folder / "letter.txt").string()) << std::string(100'000, 'x');
    const std::ofstream nothing((folder / "empty.vhd").string());
    const std::string disk = (folder / name).string();
    CAPTURE(command, disk);
    vmtask_program run({command, disk});
    CHECK(run.exit_code() == 1);
    CHECK(run.out().empty());
    REQUIRE(run.err_lines().size() == 1);
    CHECK_THAT(run.err(), StartsWith(disk + ": ") && ContainsSubstring(reason) && ContainsSubstring("; "));
}

TEST_CASE("a disk in use is refused", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const vmtask::vhd::file_store user(disk, vmtask::vhd::file_access::read);
    vmtask_program run({"compact", disk});
    CHECK(run.exit_code() == 1);
    CHECK_THAT(run.err(), StartsWith(disk + ": ") && ContainsSubstring("open"));
}

TEST_CASE("a disk goes from raw to fixed to dynamic and back", "[cli]")
{
    temporary_folder folder;
    const std::string raw = (folder / "disk.raw").string();
    const std::string fixed = (folder / "fixed.vhd").string();
    const std::string dynamic = (folder / "dynamic.vhd").string();
    const std::string back = (folder / "back.raw").string();
    std::ofstream(raw) << std::string(std::size_t{3} << 20, 'x') << std::string(std::size_t{5} << 20, '\0');
    vmtask_program first({"convert", raw, fixed, "--from", "raw", "--to", "fixed"});
    CHECK(first.exit_code() == 0);
    CHECK(first.err().empty());
    CHECK_THAT(first.out(), ContainsSubstring(fixed + ": converted from " + raw));
    vmtask_program second({"convert", fixed, dynamic, "--to", "dynamic", "--block-size", "512K"});
    CHECK(second.exit_code() == 0);
    CHECK(vmtask::vhd::read_info(dynamic).blocks_allocated == 6);
    vmtask_program third({"convert", dynamic, back, "--to", "raw", "--sparse"});
    CHECK(third.exit_code() == 0);
    CHECK(std::filesystem::file_size(back) == std::filesystem::file_size(raw));

    vmtask_program again({"convert", dynamic, back, "--to", "raw"});
    CHECK(again.exit_code() == 1);
    CHECK_THAT(again.err(), StartsWith(back + ": ") && ContainsSubstring("exists"));
    vmtask_program absent({"convert", dynamic + ".not", back, "--to", "raw"});
    CHECK(absent.exit_code() == 1);
    CHECK_THAT(absent.err(), StartsWith(dynamic + ".not: "));
}

TEST_CASE("resize makes a disk larger, and not smaller", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    auto data = guest_data(disk);
    vmtask_program run({"resize", disk, "--size", "80M"});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    CHECK_THAT(run.out(), ContainsSubstring(disk + ": resized from 8 MiB to 80 MiB"));
    data.resize(std::size_t{80} << 20);
    CHECK(is_same(guest_data(disk), data));
    vmtask_program back({"resize", disk, "--size", "8M"});
    CHECK(back.exit_code() == 2);
    CHECK_THAT(back.err(), StartsWith(disk + ": ") && ContainsSubstring("larger"));
}

TEST_CASE("create makes a fixed disk, and says what an ATA bus makes of its size", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "new.vhd").string();
    vmtask_program run({"create", "--type", "fixed", "--sparse", "--size", "1G", disk});
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring("on an ATA bus the guest sees") && ContainsSubstring("1073479680 bytes"));
    CHECK(std::filesystem::file_size(disk) == (std::uint64_t{1} << 30) + 512);
    vmtask_program info({"info", disk});
    CHECK(info.exit_code() == 0);
    CHECK_THAT(info.out(), ContainsSubstring("size for ATA") && !ContainsSubstring("size for QEMU"));
}

TEST_CASE("check finds what is wrong, and repairs what it can", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program whole({"check", disk});
    CHECK(whole.exit_code() == 0);
    CHECK_THAT(whole.out(), ContainsSubstring(disk + ": no defects"));

    std::fstream(disk, std::ios::in | std::ios::out).put('x');
    vmtask_program damaged({"check", disk});
    CHECK(damaged.exit_code() == 4);
    CHECK_THAT(damaged.out(), ContainsSubstring("it has defects") && ContainsSubstring("can be mended"));
    vmtask_program quiet({"check", "--quiet", disk});
    CHECK(quiet.exit_code() == 4);
    CHECK(quiet.out().empty());
    vmtask_program repaired({"check", "--repair", "--json", "--quiet", disk});
    CHECK(repaired.exit_code() == 0);
    CHECK_THAT(repaired.out(),
               ContainsSubstring("\"defect\":\"footer_copy_missing\"") && ContainsSubstring("\"mended\":true")
                   && ContainsSubstring("\"sound\":true"));
    vmtask_program absent({"check", disk + ".not"});
    CHECK(absent.exit_code() == 1);
}

TEST_CASE("map tells where the data is", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program table({"map", disk});
    CHECK(table.exit_code() == 0);
    CHECK(table.out_lines().size() == 13);
    CHECK_THAT(table.out_lines()[0], ContainsSubstring("guest offset"));
    vmtask_program json({"map", "--json", disk});
    CHECK(json.exit_code() == 0);
    CHECK(json.out_lines().size() == 13);
    CHECK_THAT(json.out_lines()[1], ContainsSubstring("\"event\":\"range\",\"guest_offset\":524288,\"length\":524288"));
    CHECK_THAT(json.out_lines()[12], ContainsSubstring("\"ranges\":12,\"length\":6291456"));
}
