// SPDX-License-Identifier: BSL-1.0

#include "command_line.hpp"

#include "quantity.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace vmtask::cli {

namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 timed out, 4 the disk has defects, 130 interrupted, 143 terminated\n"
    "(timed out, interrupted or terminated: it has stopped, and the disk is whole).";

/// Turns what a parser of ours says into what CLI11 expects of an option.
template <class Parse>
auto parse_option(const char* option, const std::string& text, Parse parse)
{
    try {
        return parse(text);
    } catch (const std::invalid_argument& error) {
        throw CLI::ValidationError(option, '\'' + text + "' " + error.what());
    }
}

std::string require_name(std::string_view path)
{
    if (path.empty()) throw std::invalid_argument("is no file name");
    return std::string(path);
}

/// Returns whether the type is differencing, and sets the format of any other.
bool parse_type(std::string_view type, vhd::image_format& format)
{
    if (type == "differencing") return true;
    if (type == "fixed") format = vhd::image_format::fixed;
    else if (type != "dynamic")
        throw std::invalid_argument("is a type that cannot be created; dynamic, fixed and differencing can");
    return false;
}

vhd::image_format parse_format(std::string_view format)
{
    if (format == "raw") return vhd::image_format::raw;
    if (format == "dynamic") return vhd::image_format::dynamic;
    if (format == "fixed") return vhd::image_format::fixed;
    throw std::invalid_argument("is no format; there are fixed, dynamic and raw");
}

bool parse_is_raw(std::string_view format)
{
    if (format == "raw") return true;
    if (format == "vhd") return false;
    throw std::invalid_argument("is no format; there are vhd and raw");
}

std::uint32_t parse_block_size(std::string_view text)
{
    const std::uint64_t bytes = parse_disk_size(text);
    if (bytes > std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("is too large");
    return static_cast<std::uint32_t>(bytes);
}

std::chrono::duration<double> parse_seconds(std::string_view text)
{
    double seconds = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (error == std::errc::result_out_of_range) throw std::invalid_argument("is too large");
    if (error != std::errc() || rest != text.data() + text.size() || !(seconds <= std::numeric_limits<double>::max()))
        throw std::invalid_argument("is not a number of seconds, as in 90 or 0.5");
    if (seconds <= 0) throw std::invalid_argument("must be more than 0");
    return std::chrono::duration<double>(seconds);
}

/// What every command takes. Said of each, so that these options may stand
/// before the command and after it, and are in the help of both.
void add_common_options(CLI::App& app, command_line& line)
{
    app.add_flag("--json", line.json, "Tell machines: one JSON object a line, also of the progress");
    app.add_flag("--quiet", line.quiet, "Tell nothing but errors (with --json: nothing but the result)");
}

void add_file(CLI::App& command, std::string& file, const char* name, const char* description)
{
    command
        .add_option_function<std::string>(
            name, [&file, name](const std::string& text) { file = parse_option(name, text, require_name); },
            description)
        ->required()
        ->type_name("");
}

CLI::App& add_command(CLI::App& app, command_line& line, command which, const char* name, const char* description,
                      const char* disk = "DISK")
{
    CLI::App& added = *app.add_subcommand(name, description);
    added.group("Commands");
    add_file(added, line.disk, disk, which == command::convert ? "The file to read" : "The VHD file");
    added.callback([&line, which] { line.command = which; });
    add_common_options(added, line);
    return added;
}

void add_timeout(CLI::App& command, command_line& line, const char* description)
{
    command
        .add_option_function<std::string>(
            "--timeout",
            [&line](const std::string& text) { line.timeout = parse_option("--timeout", text, parse_seconds); },
            description)
        ->type_name("SECONDS");
}

void add_parent(CLI::App& command, command_line& line, const char* description)
{
    command
        .add_option_function<std::string>(
            "--parent",
            [&line](const std::string& text) { line.parent = parse_option("--parent", text, require_name); },
            description)
        ->type_name("FILE");
}

void add_block_size(CLI::App& command, command_line& line)
{
    command
        .add_option_function<std::string>(
            "--block-size",
            [&line](const std::string& text) {
                line.block_size_bytes = parse_option("--block-size", text, parse_block_size);
            },
            "The unit in which the file of a dynamic disk grows")
        ->type_name("SIZE")
        ->default_str("2M");
}

/// An option that would change nothing is a misunderstanding.
void refuse_vain_options(const CLI::App& command, const command_line& line)
{
    const bool is_dynamic = line.format == vhd::image_format::dynamic;
    if (is_dynamic && command.count("--sparse") != 0)
        throw CLI::ValidationError("--sparse", "is for fixed disks; the file of a dynamic one grows as it is used");
    if (!is_dynamic && command.count("--block-size") != 0)
        throw CLI::ValidationError("--block-size", "is for dynamic disks; others have no blocks");
}

void check_create(const CLI::App& command, const command_line& line)
{
    refuse_vain_options(command, line);
    if (line.differencing && !line.parent) throw CLI::RequiredError("--parent");
    if (!line.differencing && line.parent)
        throw CLI::ValidationError("--parent", "is for differencing disks; others have none");
    if (!line.differencing && command.count("--size") == 0) throw CLI::RequiredError("--size");
}

void check_merge(const CLI::App& command, const command_line& line)
{
    if (line.target.empty() && command.count("--to") != 0)
        throw CLI::ValidationError("--to", "is for a new disk; name it by --into");
    if (!line.target.empty() && line.keep_child)
        throw CLI::ValidationError("--keep-child", "is vain with --into, which leaves all disks as they are");
}

/// What no option can tell by itself.
void check(const CLI::App& command, const command_line& line)
{
    if (line.command == command::create) check_create(command, line);
    if (line.command == command::convert) refuse_vain_options(command, line);
    if (line.command == command::merge) check_merge(command, line);
}

void add_size(CLI::App& command, command_line& line)
{
    command
        .add_option_function<std::string>(
            "--size",
            [&line](const std::string& text) { line.size_bytes = parse_option("--size", text, parse_disk_size); },
            "What the guest sees: bytes, or with K, M, G or T (powers of 1024), as in 10G")
        ->required()
        ->type_name("SIZE");
}

void add_create(CLI::App& app, command_line& line)
{
    CLI::App& create = add_command(app, line, command::create, "create", "Make a new, empty disk");
    create
        .add_option_function<std::string>(
            "--type",
            [&line](const std::string& text) {
                line.differencing = parse_option(
                    "--type", text, [&line](std::string_view type) { return parse_type(type, line.format); });
            },
            "How the disk keeps its data: dynamic, in a file that grows; fixed, in one that has all its space; or\n"
            "differencing, with what its parent has not")
        ->type_name("TYPE")
        ->default_str("dynamic");
    add_size(create, line);
    create.get_option("--size")->required(false);
    add_parent(create, line, "Differencing: the disk that it shows until it is written to");
    add_block_size(create, line);
    create.add_flag("--sparse", line.sparse, "Fixed: take space only as it is used (Windows refuses such files)");
}

void add_convert(CLI::App& app, command_line& line)
{
    CLI::App& convert = add_command(app, line, command::convert, "convert",
                                    "Make a new disk with the data of another, which stays as it is", "SOURCE");
    add_file(convert, line.target, "TARGET", "The file to make");
    convert
        .add_option_function<std::string>(
            "--to", [&line](const std::string& text) { line.format = parse_option("--to", text, parse_format); },
            "What to make: a fixed or a dynamic disk, or raw, the guest's bytes and nothing else")
        ->required()
        ->type_name("FORMAT");
    convert
        .add_option_function<std::string>(
            "--from", [&line](const std::string& text) { line.from_raw = parse_option("--from", text, parse_is_raw); },
            "What the source is: vhd or raw")
        ->type_name("FORMAT")
        ->default_str("vhd");
    add_block_size(convert, line);
    convert.add_flag("--sparse", line.sparse, "Fixed and raw: leave holes where there are zeros");
    add_timeout(convert, line, "Stop when that many seconds have passed, and leave nothing");
}

void add_resize(CLI::App& app, command_line& line)
{
    CLI::App& resize = add_command(app, line, command::resize, "resize", "Make a disk larger, in place");
    add_size(resize, line);
    resize.add_flag("--sparse", line.sparse, "Fixed: take the added space only as it is used");
    add_timeout(resize, line, "Stop when that many seconds have passed; the disk is the old one then");
}

void add_check(CLI::App& app, command_line& line)
{
    CLI::App& check = add_command(app, line, command::check, "check", "Find all that is wrong with a disk's file");
    check.add_flag("--repair", line.repair, "Mend what can be mended without guessing, and say what that was");
    add_parent(check, line, "Differencing: where the disk's parent is, if not where the disk says");
    add_timeout(check, line, "Stop when that many seconds have passed");
}

void add_compact(CLI::App& app, command_line& line)
{
    CLI::App& compact = add_command(app, line, command::compact, "compact",
                                    "Make the file of a dynamic disk as short as its data allows, in place");
    add_parent(compact, line, "Differencing: where the disk's parent is, if not where the disk says");
    compact.add_flag("--punch-holes", line.punch_holes,
                     "Also give zeros inside of blocks back to the host's file system (Windows refuses such files)");
    add_timeout(compact, line, "Stop when that many seconds have passed; the disk is whole then, too");
}

void add_merge(CLI::App& app, command_line& line)
{
    CLI::App& merge = add_command(app, line, command::merge, "merge",
                                  "Put a differencing disk's data into its parent, and remove it", "CHILD");
    merge
        .add_option_function<std::string>(
            "--into", [&line](const std::string& text) { line.target = parse_option("--into", text, require_name); },
            "Make a new disk of it and all its parents instead, which stay as they are")
        ->type_name("FILE");
    merge
        .add_option_function<std::string>(
            "--to", [&line](const std::string& text) { line.format = parse_option("--to", text, parse_format); },
            "What the new disk is to be: fixed, dynamic or raw")
        ->type_name("FORMAT")
        ->default_str("dynamic");
    merge.add_flag("--keep-child", line.keep_child, "Don't remove the child");
    add_parent(merge, line, "Where the child's parent is, if not where the child says");
    add_timeout(merge, line, "Stop when that many seconds have passed; all disks show what they did then");
}

void add_set_parent(CLI::App& app, command_line& line)
{
    CLI::App& set_parent =
        add_command(app, line, command::set_parent, "set-parent",
                    "Make a differencing disk name another parent, or the same one elsewhere", "CHILD");
    set_parent
        .add_option_function<std::string>(
            "PARENT", [&line](const std::string& text) { line.parent = parse_option("PARENT", text, require_name); },
            "The parent that it is to have; no data is copied")
        ->required()
        ->type_name("");
    set_parent.add_flag("--ignore-id-mismatch", line.ignore_id_mismatch,
                        "Take it although by its id it is another disk (right only if it shows the same)");
}

void add_info(CLI::App& app, command_line& line)
{
    CLI::App& info = add_command(app, line, command::info, "info", "Tell what there is to know about a disk");
    add_parent(info, line, "Differencing: where the disk's parent is, if not where the disk says");
}

bool asks_for_json(int argc, const char* const* argv)
{
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const auto end = std::find(arguments.begin(), arguments.end(), std::string_view("--"));
    return std::find(arguments.begin(), end, std::string_view("--json")) != end;
}

/// CLI11 says that a command is required also where one is given that is none.
std::string reason_of(const CLI::App& app, const CLI::Error& error)
{
    if (!app.get_subcommands().empty()) return error.what();
    const std::vector<std::string> unknown = app.remaining();
    return unknown.empty() ? "a command is required" : "there is no command or option '" + unknown.front() + '\'';
}

usage_error make_usage_error(const CLI::App& app, const CLI::Error& error, bool as_json)
{
    std::string command = app.get_name();
    for (const CLI::App* chosen : app.get_subcommands()) command += ' ' + chosen->get_name();
    return usage_error("vmtask: " + reason_of(app, error) + "; see '" + command + " --help'", as_json);
}

/// CLI11's words, in ours.
void choose_words(CLI::App& app)
{
    CLI::FormatterBase& words = *app.get_formatter();
    words.label("SUBCOMMAND", "COMMAND");
    words.label("REQUIRED", "(required)");
}

} // namespace

command_line parse_command_line(int argc, const char* const* argv)
{
    command_line line;
    CLI::App app("Creates, compacts, converts, merges and describes VHD disks.", "vmtask");
    choose_words(app);
    app.set_version_flag("--version", "vmtask " VMTASK_VERSION_TEXT, "Tell the version");
    app.require_subcommand(1);
    app.footer(exit_codes);
    add_common_options(app, line);
    add_create(app, line);
    add_compact(app, line);
    add_convert(app, line);
    add_resize(app, line);
    add_merge(app, line);
    add_set_parent(app, line);
    add_info(app, line);
    add_check(app, line);
    add_command(app, line, command::map, "map", "Tell where in the file the disk's data is");

    try {
        app.parse(argc, argv);
        check(*app.get_subcommands().front(), line);
    } catch (const CLI::CallForHelp&) {
        line.text = app.help();
    } catch (const CLI::CallForVersion& version) {
        line.text = version.what() + std::string("\n");
    } catch (const CLI::ParseError& error) {
        throw make_usage_error(app, error, asks_for_json(argc, argv));
    }
    return line;
}

} // namespace vmtask::cli
