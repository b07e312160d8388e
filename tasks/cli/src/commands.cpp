// SPDX-License-Identifier: BSL-1.0

#include "commands.hpp"

#include "describe.hpp"
#include "quantity.hpp"
#include "task_watch.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/check.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/convert.hpp>
#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>
#include <vmtask/vhd/map_image.hpp>
#include <vmtask/vhd/merge.hpp>
#include <vmtask/vhd/resize.hpp>
#include <vmtask/vhd/set_parent.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::cli {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::steady_clock;

/// Whether the disk that is wanted cannot be, wherever it were to be made.
bool is_usage(const command_line& line, std::error_code code)
{
    return (line.command == command::create || line.command == command::convert || line.command == command::resize)
        && (code == vhd::errc::invalid_size || code == vhd::errc::invalid_block_size
            || code == vhd::errc::table_too_large || code == vhd::errc::cannot_shrink);
}

exit_code tell_failure(const command_line& line, std::exception_ptr failure, reporter& report)
{
    auto code = exit_code::failed;
    std::string message;
    try {
        std::rethrow_exception(std::move(failure));
    } catch (const std::system_error& error) {
        if (is_usage(line, error.code())) code = exit_code::usage;
        message = error.what();
    } catch (const std::exception& error) {
        message = error.what();
    } catch (...) {
        message = "unknown error";
    }
    const bool names_target = !line.target.empty() && message.starts_with(line.target);
    if (!names_target && !message.starts_with(line.disk)) message.insert(0, line.disk + ": ");
    report.failure(code, message);
    return code;
}

const char* advice_for_stopped(const command_line& line)
{
    switch (line.command) {
    case command::merge:
        return line.target.empty() ? "; both disks are whole, and the child shows what it did; merge it again to finish"
                                   : "; there is no disk; merge them again";
    case command::compact: return "; the disk is whole and has all its data; compact it again to finish";
    case command::check: return "; the disk is as whole as it was; check it again";
    case command::resize: return "; the disk is whole and has its old size; resize it again";
    case command::set_parent: return "; the disk has its old parent; set it again";
    case command::convert: return "; there is no disk; convert it again";
    default: return "; there is no disk; create it again";
    }
}

exit_code tell_stopped(const command_line& line, exit_code why, reporter& report)
{
    std::string message = (line.target.empty() ? line.disk : line.target) + ": ";
    if (why == exit_code::timed_out) message += "timed out after " + format_seconds(line.timeout.value());
    else message += to_string(why);
    message += advice_for_stopped(line);
    report.failure(why, message);
    return why;
}

/// Runs the task that `post` makes on an engine to its end, and tells of it.
/// `describe` turns its value into fields and text.
template <class Post, class Describe>
exit_code run_task(const command_line& line, reporter& report, Post post, Describe describe)
{
    engine_options options;
    options.workers = 1;
    engine engine(options);

    const auto began = steady_clock::now();
    std::invoke_result_t<Post, vmtask::engine&> task;
    std::optional<exit_code> asked_to_stop;
    {
        // With its end signals kill again: a reader who does not take the result
        // must not keep us here.
        task_watch watch(report, line.disk);
        task = post(engine);
        asked_to_stop = watch.run(task, line.timeout);
    }
    const std::chrono::duration<double> time = steady_clock::now() - began;

    if (task.state() == task_state::cancelled) return tell_stopped(line, asked_to_stop.value(), report);
    if (task.state() == task_state::failed) return tell_failure(line, task.exception(), report);
    report.last_progress(task.progress());
    if (asked_to_stop) report.remark("finished", line.disk + ": finished before it could be stopped");
    description told = describe(task.result(), time);
    if (asked_to_stop) told.fields["asked_to_stop"] = to_string(*asked_to_stop);
    report.result(told.text, told.fields);
    return told.code;
}

vhd::chain_options chain_of(const command_line& line)
{
    vhd::chain_options options;
    if (line.parent) options.parent = *line.parent;
    return options;
}

exit_code create(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        if (line.differencing) {
            vhd::child_options child;
            if (line.size_bytes != 0) child.size_bytes = line.size_bytes;
            child.block_size_bytes = line.block_size_bytes;
            return vhd::create_child(engine, line.disk, line.parent.value(), child);
        }
        vhd::create_options options;
        options.size_bytes = line.size_bytes;
        options.type = line.format == vhd::image_format::fixed ? vhd::disk_type::fixed : vhd::disk_type::dynamic;
        options.sparse = line.sparse;
        options.block_size_bytes = line.block_size_bytes.value_or(options.block_size_bytes);
        return vhd::create(engine, line.disk, options);
    };
    return run_task(line, report, post,
                    [&line](const vhd::create_report& done, auto) { return describe(line.disk, done); });
}

exit_code compact(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        return vhd::compact(engine, line.disk, {.punch_holes = line.punch_holes}, chain_of(line));
    };
    return run_task(line, report, post,
                    [&line](const vhd::compact_report& done, auto time) { return describe(line.disk, done, time); });
}

exit_code convert(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        vhd::convert_options options;
        options.target.format = line.format;
        options.target.sparse = line.sparse;
        options.target.block_size_bytes = line.block_size_bytes.value_or(options.target.block_size_bytes);
        options.from_raw = line.from_raw;
        return vhd::convert(engine, line.disk, line.target, options);
    };
    return run_task(line, report, post, [&line](const vhd::convert_report& done, auto time) {
        return describe(line.disk, line.target, done, time);
    });
}

exit_code resize(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        return vhd::resize(engine, line.disk, {.size_bytes = line.size_bytes, .sparse = line.sparse});
    };
    return run_task(line, report, post,
                    [&line](const vhd::resize_report& done, auto) { return describe(line.disk, done); });
}

exit_code merge_into(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        vhd::write_options options;
        options.format = line.format;
        return vhd::merge_into(engine, line.disk, line.target, options, chain_of(line));
    };
    return run_task(line, report, post, [&line](const vhd::write_report& done, auto time) {
        return describe_merged(line.disk, line.target, done, time);
    });
}

exit_code merge(const command_line& line, reporter& report)
{
    if (!line.target.empty()) return merge_into(line, report);
    const auto post = [&line](engine& engine) {
        return vhd::merge(engine, line.disk, {.keep_child = line.keep_child, .chain = chain_of(line)});
    };
    return run_task(line, report, post,
                    [&line](const vhd::merge_report& done, auto time) { return describe(line.disk, done, time); });
}

exit_code set_parent(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        return vhd::set_parent(engine, line.disk, line.parent.value(), {.ignore_id_mismatch = line.ignore_id_mismatch});
    };
    return run_task(line, report, post,
                    [&line](const vhd::set_parent_report& done, auto) { return describe(line.disk, done); });
}

exit_code check(const command_line& line, reporter& report)
{
    const auto post = [&line](engine& engine) {
        return line.repair ? vhd::repair(engine, line.disk, chain_of(line))
                           : vhd::check(engine, line.disk, chain_of(line));
    };
    return run_task(line, report, post,
                    [&line](const vhd::check_report& done, auto) { return describe(line.disk, done); });
}

/// Range by range, because the table of the largest disk fills much memory as text.
exit_code map(const command_line& line, reporter& report)
{
    try {
        vhd::file_store store(line.disk, vhd::file_access::read);
        const vhd::layout disk = vhd::read_layout(store);
        std::uint64_t ranges = 0;
        std::uint64_t bytes = 0;
        for (auto range = vhd::next_range(disk, 0); range;
             range = vhd::next_range(disk, range->guest_offset + range->length)) {
            const description told = describe(*range, ranges == 0);
            report.item("range", told.text, told.fields);
            ++ranges;
            bytes += range->length;
        }
        report.result(ranges == 0 ? "nothing has a place in the file\n" : "",
                      {{"command", "map"}, {"disk", line.disk}, {"ranges", ranges}, {"length", bytes}});
        return exit_code::done;
    } catch (...) {
        return tell_failure(line, std::current_exception(), report);
    }
}

/// Without an engine: it takes no time, and it is no loss to be killed.
exit_code info(const command_line& line, reporter& report)
{
    try {
        const description told = describe(line.disk, vhd::read_chain_info(line.disk, chain_of(line)));
        report.result(told.text, told.fields);
        return exit_code::done;
    } catch (...) {
        return tell_failure(line, std::current_exception(), report);
    }
}

} // namespace

exit_code run_command(const command_line& line, reporter& report)
{
    switch (line.command) {
    case command::create: return create(line, report);
    case command::compact: return compact(line, report);
    case command::convert: return convert(line, report);
    case command::resize: return resize(line, report);
    case command::merge: return merge(line, report);
    case command::set_parent: return set_parent(line, report);
    case command::check: return check(line, report);
    case command::map: return map(line, report);
    case command::info: return info(line, report);
    case command::tell: break;
    }
    report.result(line.text, json{{"text", line.text}});
    return exit_code::done;
}

} // namespace vmtask::cli
