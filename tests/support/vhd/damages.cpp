// SPDX-License-Identifier: BSL-1.0

#include "support/vhd/damages.hpp"

#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/vhd/checking.hpp"
#include "support/vhd/disk.hpp"

#include <cstdint>

namespace vmtask::test {

using vhd::defect;

std::vector<damage> damages_of_dynamic_disk()
{
    const auto footer = [](auto change) { return [change](memory_store& store) { change_footer(store, change); }; };
    const auto header = [](auto change) { return [change](memory_store& store) { change_header(store, change); }; };
    return {
        {"footer lost",
         [](memory_store& s) { s.write(trailing(s), std::vector<std::byte>(512)); },
         {defect::footer_missing},
         true},
        {"footer cut off", [](memory_store& s) { s.truncate(trailing(s)); }, {defect::footer_missing}, true},
        {"footer spoilt", [](memory_store& s) { spoil(s, trailing(s) + 30); }, {defect::footer_damaged}, true},
        {"copy lost",
         [](memory_store& s) { s.write(0, std::vector<std::byte>(512)); },
         {defect::footer_copy_missing},
         true},
        {"copy spoilt", [](memory_store& s) { spoil(s, 40); }, {defect::footer_copy_damaged}, true},
        {"both checksums spoilt alike",
         [](memory_store& s) {
             spoil(s, 64);
             spoil(s, trailing(s) + 64);
         },
         {defect::footer_damaged, defect::footer_copy_damaged},
         true},
        {"both spoilt, and not alike",
         [](memory_store& s) {
             spoil(s, 70);
             spoil(s, trailing(s) + 71);
         },
         {defect::footer_damaged, defect::footer_copy_damaged},
         false},
        {"copy of another time",
         [](memory_store& s) {
             vhd::sector bytes{};
             s.read(0, bytes);
             auto other = vhd::decode_footer(bytes);
             ++other.timestamp;
             s.write(0, vhd::encode(other));
         },
         {defect::footer_copy_differs},
         true},
        {"both cookies lost",
         [](memory_store& s) {
             spoil(s, 0);
             spoil(s, trailing(s));
         },
         {defect::not_a_vhd},
         false},
        {"unknown type",
         footer([](vhd::disk_footer& f) { f.type = static_cast<vhd::disk_type>(6); }),
         {defect::unsupported_type},
         false},
        {"unknown version",
         footer([](vhd::disk_footer& f) { f.version = 0x0002'0000; }),
         {defect::unsupported_version},
         false},
        {"unknown features", footer([](vhd::disk_footer& f) { f.features = 8; }), {defect::bad_features}, false},
        {"no size", footer([](vhd::disk_footer& f) { f.current_size = 0; }), {defect::bad_size}, false},
        {"half a sector", footer([](vhd::disk_footer& f) { f.current_size += 256; }), {defect::bad_size}, false},
        {"no geometry", footer([](vhd::disk_footer& f) { f.geometry = {}; }), {defect::bad_geometry}, true},
        {"too large a geometry",
         footer([](vhd::disk_footer& f) { f.geometry.cylinders = 9000; }),
         {defect::bad_geometry},
         true},
        {"another geometry",
         footer([](vhd::disk_footer& f) {
             f.geometry = {1, 2, 3};
         }),
         {defect::other_geometry},
         false},
        {"another size at creation",
         footer([](vhd::disk_footer& f) { f.original_size /= 2; }),
         {defect::other_original_size},
         false},
        {"a creator whose size QEMU does not take",
         footer([](vhd::disk_footer& f) {
             f.creator_application = {'v', 's', ' ', ' '};
         }),
         {defect::other_size_for_qemu},
         false},
        {"a saved state", footer([](vhd::disk_footer& f) { f.saved_state = 1; }), {defect::saved_state}, false},
        {"an odd saved state",
         footer([](vhd::disk_footer& f) { f.saved_state = 2; }),
         {defect::bad_saved_state},
         false},
        {"a disk of tomorrow's morrow",
         footer([](vhd::disk_footer& f) { f.timestamp = 0xFFFFFFFF; }),
         {defect::created_in_future},
         false},
        {"header elsewhere",
         footer([](vhd::disk_footer& f) { f.data_offset = 1ULL << 50; }),
         {defect::bad_header_place},
         false},
        {"no header", [](memory_store& s) { spoil(s, 512); }, {defect::header_missing}, false},
        {"header's checksum spoilt", [](memory_store& s) { spoil(s, 512 + 36); }, {defect::header_damaged}, true},
        {"header's table length spoilt",
         [](memory_store& s) { spoil(s, 512 + 31); },
         {defect::header_damaged, defect::block_out_of_range, defect::table_out_of_range},
         false},
        {"header of another version",
         header([](vhd::dynamic_header& h) { h.version = 0x0002'0000; }),
         {defect::unsupported_header_version},
         false},
        {"header's unused offset used",
         header([](vhd::dynamic_header& h) { h.data_offset = 0; }),
         {defect::bad_header_data_offset},
         false},
        {"block size of no power",
         header([](vhd::dynamic_header& h) { h.block_size = 3000; }),
         {defect::bad_block_size},
         false},
        {"table too short",
         header([](vhd::dynamic_header& h) { h.max_table_entries = 5; }),
         {defect::table_too_short, defect::lost_space},
         false},
        {"table outside",
         header([](vhd::dynamic_header& h) { h.table_offset = 1ULL << 40; }),
         {defect::table_out_of_range},
         false},
        {"table over the header",
         header([](vhd::dynamic_header& h) { h.table_offset = 1024; }),
         {defect::metadata_overlap, defect::block_overlaps_metadata, defect::blocks_overlap},
         false},
        {"parent's path outside",
         [](memory_store& s) {
             change_footer(s, [](vhd::disk_footer& f) { f.type = vhd::disk_type::differencing; });
             change_header(s, [](vhd::dynamic_header& h) {
                 h.parent_locators[2] = {.code = 0x57327275, .data_length = 20, .data_offset = 1ULL << 60};
             });
         },
         {defect::bad_locator},
         false},
        {"block outside", [](memory_store& s) { set_entry(s, 1, 900000); }, {defect::block_out_of_range}, false},
        {"block over the table",
         [](memory_store& s) { set_entry(s, 1, 3); },
         {defect::block_overlaps_metadata, defect::blocks_overlap},
         false},
        {"block over another",
         [](memory_store& s) { set_entry(s, 1, vhd::read_layout(s).table[2] + 1); },
         {defect::blocks_overlap},
         false},
        {"two blocks in one place",
         [](memory_store& s) { set_entry(s, 1, vhd::read_layout(s).table[2]); },
         {defect::blocks_overlap},
         false},
        {"block beyond the disk",
         [](memory_store& s) {
             change_header(s, [](vhd::dynamic_header& h) { h.max_table_entries = 20; });
             set_entry(s, 15, vhd::read_layout(s).table[5]);
             set_entry(s, 5, vhd::unallocated);
         },
         {defect::block_beyond_disk},
         true},
        {"data under clear bits",
         [](memory_store& s) {
             s.write(std::uint64_t{vhd::read_layout(s).table[2]} * 512, std::vector<std::byte>(100));
         },
         {defect::unwritten_data},
         false},
        {"a lost block", [](memory_store& s) { set_entry(s, 2, vhd::unallocated); }, {defect::lost_space}, false},
        {"a lost block at the end",
         [](memory_store& s) { set_entry(s, 3, vhd::unallocated); },
         {defect::lost_space_at_end},
         true},
    };
}

} // namespace vmtask::test
